//! What its pages say. They are written for people, in the language of the machine; the names of their elements and
//! the addresses in their links are the same in all languages.

mod html;

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

pub(super) use self::html::title;
use self::html::{after, element, find, leading_number, number, text};

/// The number of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct RequestId(u32);

impl FromStr for RequestId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a page says of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Page {
    /// The certificate can be had.
    Issued(RequestId),
    /// Somebody has to approve it. The number is missing where it was known to who asked.
    Pending(Option<RequestId>),
    /// It is refused, for good.
    Denied { id: Option<RequestId>, reason: String },
    /// The authority could not handle it.
    Failed(String),
    /// Some other page; this is its title.
    Other(String),
}

/// Elements of the page that says that a request is denied, or that its certificate is revoked.
const DENIED: [&str; 2] = ["locDenied", "locIssRev"];
/// Elements of the page about an error.
const FAILED: [&str; 5] =
    ["locDispMsgLabel", "locComInfoLabel", "locLastStatLabel", "locResultLabel", "locChkPndFailed"];
/// Elements of the page that says that a request waits.
const PENDING: [&str; 3] = ["locInfoReqID", "locInfoNewReq", "locInfoChkPnd"];
/// The element that stands behind what these pages say.
const END: &str = "locContactAdmin";

/// Reads a page.
pub(super) fn read(page: &str) -> Page {
    if let Some(id) = issued(page) {
        return Page::Issued(id);
    }
    if let Some(denied) = DENIED.iter().find_map(|id| element(page, id)) {
        return refusal(denied);
    }
    // in case the names of the elements are others there: the words of the English pages
    if let Some(denied) = after(page, "Certificate Request Denied") {
        return refusal(denied);
    }
    if let Some(reason) = failure(page) {
        return Page::Failed(reason);
    }
    if let Some(found) = PENDING.iter().find_map(|id| element(page, id)) {
        let paragraph = element(page, PENDING[0]).or_else(|| after(page, "Your Request Id is")).map(paragraph);
        let hidden = || after(found, "Name=ReqID").and_then(|rest| number(&rest[..end(rest, ">")]));
        return Page::Pending(paragraph.and_then(|it| number(&text(it))).or_else(hidden).map(RequestId));
    }
    if after(page, "Certificate Pending").is_some() {
        let id = after(page, "Your Request Id is").and_then(|rest| number(&text(paragraph(rest))));
        return Page::Pending(id.map(RequestId));
    }
    Page::Other(title(page))
}

/// How often the authority's own certificate was renewed: the newest is the one that issues.
pub(super) fn renewals(page: &str) -> Option<u32> {
    leading_number(after(page, "nRenewals")?.trim_start().strip_prefix('=')?.trim_start())
}

/// Whether bytes are a page rather than a certificate.
pub(super) fn is_page(content_type: &str, body: &[u8]) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("text/html") || body.trim_ascii_start().starts_with(b"<")
}

/// The number in the link to the certificate. Links to the authority's own have a word in its place.
fn issued(page: &str) -> Option<RequestId> {
    let mut rest = page;
    while let Some(behind) = after(rest, "certnew.cer?ReqID=") {
        if let Some(id) = leading_number(behind) {
            return Some(RequestId(id));
        }
        rest = behind;
    }
    None
}

/// The number and the reason in what the page about a refusal says: the reason is quoted, where there is one.
fn refusal(page: &str) -> Page {
    let said = text(&page[..begin(page, END)]);
    let (before, behind) = said.split_once('"').unwrap_or((&said, ""));
    let quoted = behind.rsplit_once('"').map_or(behind, |(quoted, _)| quoted).trim();
    let reason = if quoted.is_empty() { said.trim() } else { quoted };
    let reason = if reason.is_empty() { "it gives no reason" } else { reason };
    Page::Denied { id: number(before).map(RequestId), reason: reason.to_owned() }
}

/// What the page about an error says of it.
fn failure(page: &str) -> Option<String> {
    let is_there = FAILED.iter().any(|id| element(page, id).is_some());
    if !is_there {
        return None;
    }
    let entry = |id: &&str| {
        let entry = after(element(page, id)?, "<DD>")?;
        let said = text(&entry[..end(entry, "</DD>")]);
        // in brackets stands that there is nothing
        (!said.is_empty() && !said.starts_with('(')).then_some(said)
    };
    let mut said: Vec<_> = FAILED.iter().filter_map(entry).collect();
    said.dedup();
    Some(if said.is_empty() { title(page) } else { said.join("; ") })
}

/// As far as the paragraph goes.
fn paragraph(page: &str) -> &str {
    &page[..end(page, "</P>").min(end(page, "<P"))]
}

fn end(page: &str, mark: &str) -> usize {
    find(page, mark).unwrap_or(page.len())
}

/// Where the element with this name begins.
fn begin(page: &str, id: &str) -> usize {
    let behind = element(page, id).map_or(0, str::len);
    if behind == 0 { page.len() } else { page[..page.len() - behind].rfind('<').unwrap_or(page.len()) }
}

#[cfg(test)]
mod tests;
