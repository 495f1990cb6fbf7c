use proptest::prelude::*;

use super::{PemError, encode, pem_blocks};

/// Octets whose base64 fills several lines and ends in padding.
fn body() -> Vec<u8> {
    (0..200u8).collect()
}

fn only_block(text: &str) -> Result<Vec<u8>, PemError> {
    let mut blocks = pem_blocks(text.as_bytes());
    assert_eq!(blocks.len(), 1, "{text:?}");
    blocks.remove(0).body.map(|body| body.to_vec())
}

/// Every line of a good block through a function.
fn mangled(line: impl Fn(&str) -> String) -> String {
    encode("CERTIFICATE", &body()).lines().map(line).collect()
}

#[test]
fn what_mail_programs_and_word_processors_do_is_undone() {
    let good = encode("CERTIFICATE", &body());
    let cases = [
        ("untouched", good.clone()),
        ("CRLF", good.replace('\n', "\r\n")),
        ("CR", good.replace('\n', "\r")),
        ("no last line end", good.trim_end().to_owned()),
        ("trailing blanks", mangled(|line| format!("{line} \t\u{a0}\n"))),
        ("indented", mangled(|line| format!("\t   {line}\n"))),
        ("quoted", mangled(|line| format!("> {line}\r\n"))),
        ("quoted twice", mangled(|line| format!(">> > {line}\n"))),
        ("blank lines", mangled(|line| format!("{line}\n\n"))),
        ("blank quoted lines", mangled(|line| format!("> {line}\n>\n"))),
        ("END glued", good.replace("\n-----END", "-----END")),
        ("BEGIN glued", good.replace("CERTIFICATE-----\n", "CERTIFICATE-----")),
        ("six dashes at the end", good.replace("-----END", "------END")),
        ("six dashes all around", good.replace("-----", "------")),
        ("four dashes", good.replace("-----", "----")),
        ("last dashes lost", good.trim_end().trim_end_matches('-').to_owned()),
        ("RTF", mangled(|line| format!("{line}\\par\r\n"))),
        ("RTF with a blank", mangled(|line| format!("{line}\\par \r\n"))),
        ("one line", mangled(|line| format!("{line} "))),
        ("JSON", mangled(|line| format!("{line}\\n"))),
        ("quoted JSON", format!("\"{}\"", mangled(|line| format!("{line}\\r\\n")))),
        ("76 columns", mangled(|line| if line.starts_with('-') { format!("\n{line}\n") } else { line.to_owned() })),
        ("text around", format!("Dear Sir,\n\n{good}\nyours -- the authority\n-----\n")),
        ("no blank line around", format!("Dear Sir,\n{good}yours")),
        ("byte order mark", format!("\u{feff}{good}")),
        ("zero width space", mangled(|line| format!("\u{200b}{line}\n"))),
    ];
    for (what, text) in cases {
        assert_eq!(only_block(&text), Ok(body()), "{what}:\n{text}");
    }
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(pem_blocks(&utf16)[0].body.as_ref().unwrap().to_vec(), body());
}

#[test]
fn damage_is_found_in_its_line() {
    let good = encode("CERTIFICATE", &body());
    let lines: Vec<&str> = good.lines().collect();
    let with = |index: usize, line: &str| {
        let mut lines = lines.clone();
        lines[index] = line;
        format!("first\r\n\r\n{}\r\n", lines.join("\r\n"))
    };
    let damaged = |line| Err(PemError::DamagedBase64 { line });
    let bad_character = lines[2].replacen(char::is_alphanumeric, "?", 1);
    assert_eq!(only_block(&with(2, &bad_character)), damaged(5));
    assert_eq!(only_block(&with(3, &lines[3][1..])), damaged(6));
    assert_eq!(only_block(&with(5, &lines[5][..3])), damaged(8));
    assert_eq!(only_block(&with(2, &format!("{}=", lines[2]))), damaged(6));
    assert_eq!(only_block(&good.replace("\n-----END", "=\n-----END")), damaged(6));
}

#[test]
fn broken_armour_is_named() {
    let good = encode("CERTIFICATE", &body());
    let cut = good.split_once("-----END").unwrap().0;
    let unterminated = Err(PemError::Unterminated { label: "CERTIFICATE".into(), line: 1 });
    assert_eq!(only_block(cut), unterminated);
    let blocks = pem_blocks(format!("{cut}{good}").as_bytes());
    assert_eq!(blocks.len(), 2);
    assert!(blocks[0].body.is_err() && blocks[1].body.is_ok());
    assert_eq!(
        only_block(&good.replace("END CERTIFICATE", "END X509 CRL")),
        Err(PemError::LabelMismatch { label: "CERTIFICATE".into(), end: "X509 CRL".into(), line: 7 })
    );
    assert_eq!(
        only_block("-----BEGIN X-----\n-----END X-----\n"),
        Err(PemError::EmptyBlock { label: "X".into(), line: 1 })
    );
}

#[test]
fn what_is_whole_needs_no_armour() {
    // a SEQUENCE that says how long it is
    let der = crate::pki::asn1::write(0x30, &body());
    let good = encode("CERTIFICATE", &der);
    let (begin, rest) = good.split_once('\n').unwrap();
    let cut = good.split_once("-----END").unwrap().0;
    for text in [
        cut.to_owned(),
        format!("{cut}-----EN"),
        format!("{cut}-----EDN CERTIFICATE-----\nyours"),
        good.replace("END CERTIFICATE", "END CERTIFIKAT"),
        good.replace("BEGIN CERTIFICATE", "BEGIN CERTIFCATE"),
        format!("Dear Sir\n{rest}"),
        format!("Dear Sir\n{}", rest.replace("\n-----END", "-----END")),
        good.replace("BEGIN", "BEGNI"),
        good.replace("-----", ""),
        good.replace("-----", "\u{2014}\u{2013}-"),
        good.replace("BEGIN CERTIFICATE", "Begin Certificate").replace("END CERTIFICATE", "end certificate"),
        format!("{{\"one\": \"{}\", \"two\": 2}}", good.replace('\n', "\\n")),
        format!("<p>a</p>\n<pre>{begin}<br>{rest}</pre>"),
    ] {
        assert_eq!(only_block(&text), Ok(der.clone()), "{text}");
    }
    let twice = pem_blocks(format!("{cut}{good}").as_bytes());
    assert!(twice.len() == 2 && twice.iter().all(|block| block.body.is_ok()));
    // what is lost of the contents is found all the same
    let lost: String = rest.split_inclusive('\n').skip(1).collect();
    assert_eq!(only_block(&lost), Err(PemError::NoBegin { label: "CERTIFICATE".into(), line: 5 }));
    for prose in
        ["begin certificate\nAAAA", "- Begin the letter\nend", "see \"-----BEGIN CERTIFICATE----- and so on\"", "END"]
    {
        assert!(pem_blocks(prose.as_bytes()).is_empty(), "{prose}");
    }
}

#[test]
fn headers_stand_before_the_contents() {
    let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let block = pem_blocks(text.as_bytes()).remove(0);
    assert_eq!(block.headers[0], ("Proc-Type".to_owned(), "4,ENCRYPTED".to_owned()));
    assert_eq!(block.headers.len(), 2);
    assert_eq!(block.body.unwrap().to_vec(), [0; 3]);
}

#[test]
fn debug_shows_no_contents() {
    let block = pem_blocks(encode("PRIVATE KEY", b"secret").as_bytes()).remove(0);
    assert_eq!(format!("{block:?}"), r#"PemBlock { label: "PRIVATE KEY", line: 1, body: Ok(6) }"#);
}

proptest! {
    #[test]
    fn any_octets_survive(bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 1..4)) {
        let text: String = bodies.iter().map(|body| encode("X", body)).collect();
        let blocks: Vec<Vec<u8>> = pem_blocks(text.as_bytes()).into_iter().map(|block| block.body.unwrap().to_vec()).collect();
        prop_assert_eq!(blocks, bodies);
    }

    #[test]
    fn never_panics(bytes: Vec<u8>, text in "(-----BEGIN X-----|-----END X-----|BEGIN CERTIFICATE|—end cms|<br>|&#[0-9x]{0,4};|[A-Za-z=]{0,8}|\\\\par|\\\\|> |\n|:|-|é){0,20}") {
        let _ = pem_blocks(&bytes);
        let _ = pem_blocks(text.as_bytes());
        let _ = super::decode_unarmoured(&text);
    }
}
