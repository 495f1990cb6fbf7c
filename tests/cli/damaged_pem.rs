//! What mail programs, editors, web pages and people do to PEM, done to a certificate and to a private key.
//! docs/damaged-pem.md says what the program makes of each; `BLESS=1` writes it anew.
#![allow(clippy::disallowed_methods, reason = "reads the repository's documents, and the variable BLESS")]

use crate::common::{Authority, KEY, World};

/// Good PEM in, with LF at the ends of its lines; damaged octets out.
type Damage = fn(&str) -> Vec<u8>;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/damaged-pem.md");

const HEADER: &str = "# Damaged PEM

<!-- Made by tests/cli/damaged_pem.rs, which does each of these to a certificate and to a private key, and has `install-cert` and
     `import-key` read them: BLESS=1 cargo test --test cli -->

PEM arrives through mail programs, web pages and word processors. What can be undone without guessing is undone: base64
holds DER, which says itself how long it is and what, so that armour may be lost where contents are whole. What cannot is
refused, and the message names the line. Every reader of the program is the same: `inspect`, `import-key`, `install-cert`, `make-csr`.

| Damage | Certificate | Private key |
| --- | --- | --- |
";

/// Every line through a function, with its ends.
fn lines(pem: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    pem.lines().map(change).collect::<String>().into_bytes()
}

/// The one line of a number, from 0, through a function.
fn line(pem: &str, number: usize, change: impl Fn(&str) -> String) -> Vec<u8> {
    let changed = pem.lines().enumerate().map(|(at, line)| if at == number { change(line) } else { line.to_owned() });
    changed.map(|line| line + "\n").collect::<String>().into_bytes()
}

fn label(pem: &str) -> &str {
    pem.split("-----").nth(1).and_then(|begin| begin.strip_prefix("BEGIN ")).expect("PEM")
}

/// The lines between BEGIN and END.
fn contents(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).map(|line| format!("{line}\n")).collect()
}

fn utf16(text: &str, octets: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.replace('\n', "\r\n").encode_utf16().flat_map(octets).collect()
}

/// Everything behind the first few lines.
fn cut(pem: &str, octets: usize) -> Vec<u8> {
    pem.as_bytes()[..pem.len() - octets].to_vec()
}

const DAMAGES: &[(&str, &[(&str, Damage)])] = &[
    (
        "Ends of lines and characters",
        &[
            ("nothing", |pem| pem.into()),
            ("CRLF", |pem| pem.replace('\n', "\r\n").into()),
            ("CR alone, as old Macs had", |pem| pem.replace('\n', "\r").into()),
            ("CR CR LF, of a file sent as text twice", |pem| pem.replace('\n', "\r\r\n").into()),
            ("no end of the last line", |pem| pem.trim_end().into()),
            ("all in one line, with blanks", |pem| pem.replace('\n', " ").into()),
            ("all in one line, with nothing between", |pem| pem.replace('\n', "").into()),
            ("contents in one long line", |pem| {
                format!("-----BEGIN {0}-----\n{1}\n-----END {0}-----\n", label(pem), contents(pem).replace('\n', ""))
                    .into()
            }),
            ("lines of 76 columns", |pem| {
                let digits: Vec<char> = contents(pem).replace('\n', "").chars().collect();
                let text: String = digits.chunks(76).map(|line| line.iter().collect::<String>() + "\n").collect();
                format!("-----BEGIN {0}-----\n{text}-----END {0}-----\n", label(pem)).into()
            }),
            ("UTF-8 with byte order mark, as Notepad saves", |pem| format!("\u{feff}{pem}").into()),
            ("UTF-16, little end first, with mark (Notepad's \"Unicode\")", |pem| {
                utf16(&format!("\u{feff}{pem}"), u16::to_le_bytes)
            }),
            ("UTF-16, big end first, with mark", |pem| utf16(&format!("\u{feff}{pem}"), u16::to_be_bytes)),
            ("UTF-16 without mark, as Exchange's `[Encoding]::Unicode` writes", |pem| utf16(pem, u16::to_le_bytes)),
            ("NUL octets at the end", |pem| format!("{pem}\0\0\0\0").into()),
            ("Ctrl-Z at the end, of DOS", |pem| format!("{pem}\x1a").into()),
            ("NUL octets in the middle, of a crash", |pem| line(pem, 1, |line| format!("{}\0\0\0\0", &line[4..]))),
        ],
    ),
    (
        "Blanks and what stands around",
        &[
            ("blanks at the ends of lines", |pem| lines(pem, |line| format!("{line}  \t\n"))),
            ("blanks before lines", |pem| lines(pem, |line| format!("    {line}\n"))),
            ("blanks within base64", |pem| {
                lines(pem, |line| {
                    if line.starts_with('-') { format!("{line}\n") } else { format!("{} {}\n", &line[..9], &line[9..]) }
                })
            }),
            ("no-break spaces and zero-width spaces", |pem| lines(pem, |line| format!("\u{a0}\u{200b}{line}\u{a0}\n"))),
            ("zero-width spaces within base64", |pem| {
                line(pem, 1, |line| format!("{}\u{200b}{}", &line[..9], &line[9..]))
            }),
            ("blank lines between", |pem| lines(pem, |line| format!("{line}\n\n"))),
            ("a letter around, blank lines apart", |pem| format!("Dear Sir,\n\n{pem}\n--\nYours").into()),
            ("a letter around, without blank lines", |pem| format!("Dear Sir,\n{pem}Yours").into()),
            ("quoted by a mail program, `> `", |pem| lines(pem, |line| format!("> {line}\n"))),
            ("quoted twice, `>>`", |pem| lines(pem, |line| format!(">> {line}\n"))),
            ("quoted-printable, `=3D` for `=`", |pem| pem.replace('=', "=3D").into()),
            ("RTF's `\\par` at the ends of lines", |pem| lines(pem, |line| format!("{line}\\par\r\n"))),
            ("a whole RTF file, as WordPad saves", |pem| {
                let body = lines(pem, |line| format!("{line}\\par\r\n"));
                let body = String::from_utf8(body).expect("text");
                format!("{{\\rtf1\\ansi{{\\fonttbl{{\\f0 Courier New;}}}}\r\n\\pard\\f0\\fs20 {body}}}\r\n\0").into()
            }),
            ("in JSON, with `\\n`", |pem| format!("{{\"one\": \"{}\", \"two\": 2}}", pem.replace('\n', "\\n")).into()),
            ("in a shell's quotes", |pem| format!("PEM=\"{pem}\"").into()),
            ("HTML: `<br>` at the ends of lines", |pem| lines(pem, |line| format!("{line}<br>\n"))),
            ("HTML: within `<pre>`", |pem| format!("<html><body><pre>{pem}</pre></body></html>").into()),
            ("HTML: `&#43;`, `&#x2F;`, `&#61;` and `&#13;`", |pem| {
                let escaped = contents(pem).replace('+', "&#43;").replace('/', "&#x2F;").replace('=', "&#61;");
                format!("-----BEGIN {0}-----&#13;\n{escaped}-----END {0}-----&#13;\n", label(pem)).into()
            }),
        ],
    ),
    (
        "BEGIN and END",
        &[
            ("four dashes", |pem| pem.replace("-----", "----").into()),
            ("six dashes", |pem| pem.replace("-----", "------").into()),
            ("six dashes before END", |pem| pem.replace("-----END", "------END").into()),
            ("three dashes", |pem| pem.replace("-----", "---").into()),
            ("one dash lost on each side", |pem| {
                pem.replacen("-----B", "----B", 1).replacen("-----\n", "----\n", 1).into()
            }),
            ("no dashes", |pem| pem.replace("-----", "").into()),
            ("dashes made into em and en dashes by Word", |pem| pem.replace("-----", "——–").into()),
            ("the last dashes lost", |pem| pem.trim_end().trim_end_matches('-').into()),
            ("blanks between dashes and words", |pem| {
                pem.replace("-----BEGIN", "----- BEGIN")
                    .replace("-----END", "----- END")
                    .replace("-----\n", " -----\n")
                    .into()
            }),
            ("END at the end of the last line", |pem| pem.replace("\n-----END", "-----END").into()),
            ("BEGIN without an end of its line", |pem| pem.replacen("-----\n", "-----", 1).into()),
            ("lower case", |pem| {
                lines(pem, |line| if line.starts_with('-') { line.to_lowercase() } else { line.to_owned() } + "\n")
            }),
            ("no BEGIN", |pem| line(pem, 0, |_| String::new())),
            ("no END", |pem| pem.split("-----END").next().expect("a beginning").into()),
            ("neither: base64 alone", |pem| contents(pem).into()),
            ("END cut off within its line", |pem| cut(pem, 12)),
            ("BEGIN mistyped", |pem| pem.replace("BEGIN", "BEGNI").into()),
            ("END mistyped", |pem| pem.replace("-----END", "-----EDN").into()),
            ("the label of BEGIN mistyped", |pem| pem.replacen(label(pem), "CERTIFCATE", 1).into()),
            ("the label of END mistyped", |pem| pem.replace(&format!("END {}", label(pem)), "END CERTIFIKAT").into()),
            ("`X509 CERTIFICATE` as label", |pem| pem.replace(label(pem), "X509 CERTIFICATE").into()),
            ("`NEW CERTIFICATE REQUEST` as label", |pem| pem.replace(label(pem), "NEW CERTIFICATE REQUEST").into()),
            ("a label of one's own", |pem| pem.replace(label(pem), "MAILSERVER 2016").into()),
            ("pasted twice", |pem| format!("{pem}{pem}").into()),
            ("pasted twice, the first time cut off", |pem| [cut(pem, 90), pem.into()].concat()),
        ],
    ),
    (
        "Contents",
        &[
            ("a character lost", |pem| line(pem, 2, |line| line[1..].to_owned())),
            ("a character that base64 has not", |pem| {
                line(pem, 2, |line| line.replacen(char::is_alphanumeric, "?", 1))
            }),
            ("another character in its place", |pem| {
                line(pem, 1, |line| {
                    format!("{}{}{}", &line[..2], if &line[2..3] == "A" { 'B' } else { 'A' }, &line[3..])
                })
            }),
            ("a line lost", |pem| line(pem, 2, |_| String::new())),
            ("cut off in the middle", |pem| cut(pem, 120)),
            ("cut off, and END put after it", |pem| {
                let short = String::from_utf8(cut(pem, 120)).expect("text");
                format!("{short}\n-----END {}-----\n", label(pem)).into()
            }),
            ("nothing between BEGIN and END", |pem| {
                format!("-----BEGIN {0}-----\n-----END {0}-----\n", label(pem)).into()
            }),
            ("an ellipsis in the middle", |pem| line(pem, 2, |_| "[...]".to_owned())),
        ],
    ),
];

/// The octets as a file, through a command; what came of it.
fn outcome(world: &World, command: &[&str], octets: Vec<u8>) -> String {
    world.write("damaged", octets);
    let output = world.keyring(&[command, &["damaged", "--json"]].concat());
    let document = output.json();
    match document["error"]["message"].as_str() {
        None => "read".to_owned(),
        Some(message) => format!("refused: {}", message.replace('|', "\\|")),
    }
}

#[test]
fn is_read_or_refused_as_the_document_says() {
    let (world, request) = World::with_request();
    let authority = Authority::new();
    let chain = authority.order(&request).chain();
    let certificate = chain.split_inclusive("-----END CERTIFICATE-----\n").next().expect("a certificate");
    let version = world.read("keystore/servers/mail01/imap/main/1/private-key.pem");
    let mut text = HEADER.to_owned();
    let mut number = 0;
    for (group, damages) in DAMAGES {
        text.push_str(&format!("| **{group}** | | |\n"));
        for (name, damage) in *damages {
            number += 1;
            let installed = outcome(&world, &["install-cert", KEY], damage(certificate));
            let key = format!("mail01/imap/k{number}");
            let imported = outcome(&world, &["import-key", &key], damage(&version));
            text.push_str(&format!("| {name} | {installed} | {imported} |\n"));
        }
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(DOCUMENT, text).unwrap();
        return;
    }
    let written = std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    assert!(written == text, "docs/damaged-pem.md is not what the program does: BLESS=1 cargo test --test cli\n{text}");
}
