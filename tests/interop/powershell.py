"""Parses a PowerShell script with tree-sitter's grammar and says in JSON what it is made of:

    faults      what the parser could not take, or had to add
    commands    each command in the order of the text: its name, then its parameters
    reads       variables that are read and never assigned, but for parameters of the script
"""

import json
import sys

import tree_sitter
import tree_sitter_powershell


def nodes(node):
    yield node
    for child in node.children:
        yield from nodes(child)


def text(node):
    return node.text.decode()


def line(node):
    return f"line {node.start_point[0] + 1}: {text(node)[:60]!r}"


def command(node):
    name = node.child_by_field_name("command_name")
    elements = [child for child in node.children if child.type == "command_elements"]
    parameters = [one for element in elements for one in element.children if one.type == "command_parameter"]
    return [text(name), *(text(parameter) for parameter in parameters)]


def variables(node):
    """Names as PowerShell compares them: without braces and in lower case."""
    return {text(one).lower().replace("{", "").replace("}", "") for one in nodes(node) if one.type == "variable"}


def assigned(node):
    if node.type == "script_parameter":
        return variables(next(child for child in node.children if child.type == "variable"))
    if node.type == "left_assignment_expression":
        return variables(node)
    if node.type == "foreach_statement":
        return variables(next(child for child in node.children if child.type == "variable"))
    return set()


parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
tree = list(nodes(parser.parse(open(sys.argv[1], "rb").read()).root_node))
print(
    json.dumps(
        {
            "faults": [line(node) for node in tree if node.is_error or node.is_missing],
            "commands": [command(node) for node in tree if node.type == "command"],
            "reads": sorted(set().union(*map(variables, tree[:1])) - set().union(*map(assigned, tree))),
        }
    )
)
