//! Templates: patterns of servers, and the placeholders that stand for one of them.

use std::collections::BTreeSet;

use crate::name::ServerName;

/// How many servers a pattern may stand for.
const MOST: usize = 10_000;

/// Why a pattern or a placeholder was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum TemplateError {
    /// Braces without a range in them.
    #[error("{text:?} is no pattern of servers: ranges are written as in web{{01..99}}")]
    Pattern {
        /// What was given.
        text: String,
    },
    /// A range that stands for nothing or for too much.
    #[error("{text:?} stands for no servers, or for more than {MOST}")]
    Range {
        /// What was given.
        text: String,
    },
    /// A name that is refused.
    #[error(transparent)]
    Name(#[from] crate::name::NameError),
    /// A placeholder that stands for nothing.
    #[error("{{{word}}} stands for nothing: there are {{server}} and {{name}}")]
    Placeholder {
        /// What stands between the braces.
        word: String,
    },
    /// A placeholder where there is no server to stand for.
    #[error("{{{word}}} stands for a server of `for`, and there is no `for`")]
    NoServer {
        /// What stands between the braces.
        word: String,
    },
}

/// The servers of a pattern, in its order: `web{01..99}.example.com`, or one name.
pub(super) fn expand(pattern: &str) -> Result<Vec<ServerName>, TemplateError> {
    let mut texts = vec![pattern.to_owned()];
    while let Some((before, rest)) = texts[0].split_once('{') {
        let refuse = || TemplateError::Pattern { text: pattern.to_owned() };
        let (range, _) = rest.split_once('}').ok_or_else(refuse)?;
        let (from, to) = range.split_once("..").ok_or_else(refuse)?;
        let start = before.len();
        let end = start + range.len() + 2;
        let numbers = numbers(from, to).ok_or_else(refuse)?;
        let count = numbers.len() * texts.len();
        if count == 0 || count > MOST {
            return Err(TemplateError::Range { text: pattern.to_owned() });
        }
        // all have the same braces at their ends, the lengths before may differ
        let tail = texts[0][end..].to_owned();
        let head = texts.iter().map(|text| text[..text.len() - (texts[0].len() - start)].to_owned());
        texts = head
            .flat_map(|head| numbers.iter().map(|number| format!("{head}{number}{tail}")).collect::<Vec<_>>())
            .collect();
    }
    if texts.iter().any(|text| text.contains('}')) {
        return Err(TemplateError::Pattern { text: pattern.to_owned() });
    }
    Ok(texts.iter().map(|text| text.parse()).collect::<Result<_, _>>()?)
}

/// The numbers of a range, as wide as its start where that has zeros in front.
fn numbers(from: &str, to: &str) -> Option<Vec<String>> {
    let number = |text: &str| {
        let is_number = (1..=6).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
        text.parse::<usize>().ok().filter(|_| is_number)
    };
    let width = if from.starts_with('0') { from.len() } else { 0 };
    let range = number(from)?..=number(to)?;
    if range.clone().count() > MOST {
        return Some(Vec::new());
    }
    Some(range.map(|number| format!("{number:0width$}")).collect())
}

/// Puts a server in place of `{server}`, and its first label in place of `{name}`.
pub(super) fn fill(text: &str, server: Option<&ServerName>) -> Result<String, TemplateError> {
    let words: BTreeSet<&str> = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
    for word in words {
        let is_known = matches!(word, "server" | "name");
        match server {
            None if is_known => return Err(TemplateError::NoServer { word: word.to_owned() }),
            Some(_) if !is_known => return Err(TemplateError::Placeholder { word: word.to_owned() }),
            _ => {}
        }
    }
    Ok(fill_known(text, server))
}

/// The same, where other braces have a meaning of their own: in lines for a shell.
pub(super) fn fill_known(text: &str, server: Option<&ServerName>) -> String {
    let Some(server) = server else { return text.to_owned() };
    let name = server.as_str().split('.').next().unwrap_or_default();
    text.replace("{server}", server.as_str()).replace("{name}", name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{expand, fill, fill_known};

    fn expanded(pattern: &str) -> Result<Vec<String>, String> {
        let servers = expand(pattern).map_err(|error| error.to_string())?;
        Ok(servers.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn patterns_stand_for_servers() {
        assert_eq!(expanded("web01").unwrap(), ["web01"]);
        assert_eq!(expanded("web{08..11}").unwrap(), ["web08", "web09", "web10", "web11"]);
        assert_eq!(expanded("web{8..11}.example.com").unwrap()[1..3], ["web9.example.com", "web10.example.com"]);
        assert_eq!(expanded("r{9..10}-n{1..2}").unwrap(), ["r9-n1", "r9-n2", "r10-n1", "r10-n2"]);
        assert_eq!(expanded("web{001..100}").unwrap().len(), 100);
        for wrong in
            ["web{1..", "web{}", "web{a..b}", "web{1-9}", "web1}", "web{3..1}", "web{0..999999}", "Web{1..2}", ""]
        {
            assert!(expanded(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn placeholders_stand_for_one_of_them() {
        let server = "web01.example.com".parse().unwrap();
        assert_eq!(fill("{server}/https/{name}", Some(&server)).unwrap(), "web01.example.com/https/web01");
        assert!(fill("{servre}/https", Some(&server)).unwrap_err().to_string().contains("{servre} stands for nothing"));
        assert!(fill("{server}/https", None).unwrap_err().to_string().contains("there is no `for`"));
        assert_eq!(fill("O={x}", None).unwrap(), "O={x}");
        assert_eq!(fill_known("awk '{print}' {server}", Some(&server)), "awk '{print}' web01.example.com");
    }

    proptest! {
        #[test]
        fn any_text_is_expanded_or_refused(text in "\\PC{0,20}") {
            let _ = expand(&text);
            let _ = fill(&text, Some(&"web01".parse().unwrap()));
        }

        #[test]
        fn ranges_have_as_many_servers_as_they_say(from in 0_usize..500, more in 0_usize..500) {
            let servers = expanded(&format!("a{{{from}..{}}}b", from + more)).unwrap();
            prop_assert_eq!(servers.len(), more + 1);
            prop_assert_eq!(&servers[0], &format!("a{from}b"));
        }
    }
}
