use proptest::prelude::*;

use super::html::{element, text};
use super::{Page, is_page, read, renewals};

fn page(title: &str, body: &str) -> String {
    format!(
        "<HTML><Head><Meta HTTP-Equiv=\"Content-Type\" Content=\"text/html; charset=UTF-8\">\n<Title>{title}</Title></Head>\n\
         <Body><TD ID=locHomeAlign Align=Right><A Href=\"/certsrv\">1</A></TD>\n<P ID=locPageTitle> <B> {title} </B>\n{body}\n</Body></HTML>"
    )
}

fn id(number: &str) -> super::RequestId {
    number.parse().unwrap()
}

#[test]
fn a_certificate_is_known_by_its_link_in_any_language() {
    for words in
        ["Certificate Issued", "Zertifikat wurde ausgestellt", "Certificat \u{e9}mis", "証明書は発行されました"]
    {
        let links = "<A Href=\"certnew.cer?ReqID=CACert&Renewal=0\">x</A>\n<LocID ID=locDownloadCert3>\
                     <A Href=\"certnew.cer?ReqID=4711&amp;Enc=b64\">x</A>";
        assert_eq!(read(&page(words, links)), Page::Issued(id("4711")), "{words}");
    }
}

#[test]
fn a_request_that_waits_is_known_by_the_names_of_elements() {
    for (title, received, words) in [
        ("Certificate Pending", "Your certificate request has been received.", "Your Request Id is 12."),
        ("Zertifikat steht aus", "Ihre Zertifikatanforderung wurde empfangen.", "Die Anforderungskennung lautet 12."),
        ("Certificat en attente", "Votre demande a \u{e9}t\u{e9} re\u{e7}ue.", "Votre ID de demande est 12."),
        ("保留中の証明書", "証明書の要求を受信しました。", "要求 ID は 12 です。"),
    ] {
        let body = format!(
            "<P ID=locInfoNewReq> {received} </P>\n<P ID=locInfoReqID>\n{words}\n</P>\n<P ID=locInstructions>1 - 2</P>"
        );
        assert_eq!(read(&page(title, &body)), Page::Pending(Some(id("12"))), "{title}");
    }
    let body = "<p id=\"locInfoChkPnd\">Noch nicht.</p><Form Action=\"certrmpn.asp\" Method=Post>\n\
                <Input Type=Hidden Name=ReqID Value=\"12\">";
    assert_eq!(read(&page("Zertifikat steht aus", body)), Page::Pending(Some(id("12"))));
    assert_eq!(read("<P>Certificate Pending<P>Your Request Id is 9."), Page::Pending(Some(id("9"))));
    assert_eq!(read("Certificate Pending"), Page::Pending(None));
}

#[test]
fn a_refusal_has_its_reason_in_any_language() {
    let reason = "Denied by Policy Module  0x80094800, \u{c4}hm &lt;b&gt;.";
    for (title, words) in [
        ("Certificate Request Denied", "Your Request Id is 13. The disposition message is"),
        ("Zertifikatanforderung wurde verweigert", "Die Anforderungskennung lautet 13. Die Meldung lautet"),
        ("証明書の要求は拒否されました", "要求 ID は 13 です。メッセージ:"),
    ] {
        let body = format!(
            "<P ID=locDenied> X. </P>\n<P ID=locInfoReqID>{words} \"{reason}\".</P>\n<P ID=locContactAdmin>Call \"us\" 1.</P>"
        );
        let denied =
            Page::Denied { id: Some(id("13")), reason: "Denied by Policy Module 0x80094800, \u{c4}hm <b>.".to_owned() };
        assert_eq!(read(&page(title, &body)), denied, "{title}");
    }
    let bare = page("x", "<P ID=locDenied> Ihre Anforderung wurde verweigert. </P>\n<P ID=locContactAdmin>y</P>");
    let denied = Page::Denied { id: None, reason: "Ihre Anforderung wurde verweigert.".to_owned() };
    assert_eq!(read(&bare), denied);
    let revoked = page("x", "<P ID=locIssRev> Your certificate was issued, and then revoked. </P>");
    assert!(matches!(read(&revoked), Page::Denied { reason, .. } if reason.contains("revoked")));
}

#[test]
fn an_error_tells_what_the_authority_says_of_it() {
    let entries = "<P ID=locContactAdmin>z</P><DL><DT ID=locDispLabel><B>Disposition:</B></DT><DD>\n<LocID ID=locDispNeverSet>(never set)</LocID></DD>\n\
                   <DT ID=locDispMsgLabel><B>Meldung:</B></DT><DD><LocID ID=locDispMsgNone>(none)</LocID></DD>\n\
                   <DT ID=locResultLabel>Ergebnis:</DT><DD>Der RPC-Server ist nicht verf\u{fc}gbar. 0x800706ba (WIN32: 1722)</DD>\n\
                   <DT ID=locLastStatLabel>Status:</DT><DD>Der RPC-Server ist nicht verf\u{fc}gbar. 0x800706ba (WIN32: 1722)</DD></DL>";
    let failed = read(&page("Fehler", entries));
    assert_eq!(failed, Page::Failed("Der RPC-Server ist nicht verf\u{fc}gbar. 0x800706ba (WIN32: 1722)".to_owned()));
    assert_eq!(read(&page("Fehler 4", "<P ID=locChkPndFailed> x")), Page::Failed("Fehler 4".to_owned()));
    assert_eq!(read(&page("Willkommen", "hello")), Page::Other("Willkommen".to_owned()));
    let other = "<html><head><title>IIS Windows Server</title></head>hello";
    assert_eq!(read(other), Page::Other("IIS Windows Server".to_owned()));
    assert_eq!(read(""), Page::Other(String::new()));
}

#[test]
fn renewals_are_counted() {
    assert_eq!(renewals("<script>\nvar nRenewals=2;\nvar x=3"), Some(2));
    assert_eq!(renewals("var nRenewals = 0;"), Some(0));
    for none in ["", "nRenewals", "nRenewals=", "nRenewals=x", "nRenewals=99999999999"] {
        assert_eq!(renewals(none), None, "{none:?}");
    }
}

#[test]
fn a_page_is_no_certificate() {
    assert!(is_page("text/html; Charset=UTF-8", b"MIIB"));
    assert!(is_page("application/pkix-cert", b"\r\n<html>"));
    assert!(!is_page("application/pkix-cert", b"-----BEGIN CERTIFICATE-----"));
    assert!(!is_page("application/octet-stream", b"\x30\x82"));
}

#[test]
fn names_of_elements_are_whole() {
    assert_eq!(element("<p ID=locInfoReqIDx>a<p id='locInfoReqID' b>c", "locInfoReqID"), Some("c"));
    assert_eq!(element("<p ID=locInfoReqID", "locInfoReqID"), None);
    assert_eq!(text("a<!-- <b> -->&#x41;&#66;&unknown; &amp\u{1b}[2J<"), "a AB&unknown; &amp [2J");
    assert_eq!(text(&"x".repeat(2000)).len(), 503);
}

proptest! {
    #[test]
    fn nothing_makes_it_stumble(
        parts in prop::collection::vec(
            prop_oneof![
                "\\PC{0,12}",
                prop::sample::select(vec![
                    "certnew.cer?ReqID=", "4294967296", "7", "<P ID=locDenied", ">", "<", "<!--", "ID=locInfoReqID",
                    "ID=locContactAdmin", "ID=locDispMsgLabel>", "<DD>", "</DD>", "&#x110000;", "&", ";", "\"", "Name=ReqID",
                    "Certificate Pending", "Certificate Request Denied", "Your Request Id is", "<Title>", "nRenewals=", "\u{130}",
                ]).prop_map(str::to_owned),
            ],
            0..24,
        )
    ) {
        let page = parts.concat();
        let _ = renewals(&page);
        match read(&page) {
            Page::Denied { reason, .. } => prop_assert!(!reason.is_empty() && reason.chars().count() <= 503),
            Page::Failed(said) | Page::Other(said) => prop_assert!(said.chars().count() <= 503),
            Page::Issued(_) | Page::Pending(_) => {}
        }
    }
}
