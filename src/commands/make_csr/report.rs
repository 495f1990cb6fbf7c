//! What is said of a request that was made.

use std::collections::BTreeMap;
use std::path::Path;

use keystore::name::Endpoint;
use keystore::ops::make_csr::{Made, RequestPlan, Taken};
use serde::Serialize;

use crate::output::{CodedJson, Page, Report, coded, or_none, style};

/// What was taken from a file, and what was not.
#[derive(Serialize)]
struct TakenJson {
    from: &'static str,
    file: String,
    left_out: Vec<String>,
    left_to_authority: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Outcome {
    key: String,
    version: u32,
    request: u32,
    reused_key: bool,
    new_key: bool,
    subject: String,
    names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    extensions: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<TakenJson>,
    warnings: Vec<CodedJson>,
    request_pem: String,
    kept: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
}

impl Report for Outcome {
    fn report(&self, page: &mut Page) {
        if self.out.is_none() {
            page.block(&self.request_pem);
        }
    }

    fn notes(&self, page: &mut Page) {
        let Self { key, version, request, subject, .. } = self;
        if self.new_key {
            page.line(format_args!("Made {key}, version {version}: a new private key."));
        }
        page.line(format_args!("Made request {request} with version {version} of {key}."));
        if self.reused_key {
            page.line("It is for the private key in use, which is certified again.");
        } else if *request > 1 {
            page.line("It is another one for the same private key: a reply to any of them can be installed.");
        }
        page.field(2, "subject", or_none(subject));
        page.field(2, "names", or_none(&self.names.join(", ")));
        if let Some(taken) = &self.taken {
            taken.say(page, self);
        }
        page.field(2, "kept in", &self.kept);
        if let Some(out) = &self.out {
            page.field(2, "written to", out);
        }
        for CodedJson { message, .. } in &self.warnings {
            page.tagged(style::WARN, "warning:", message);
        }
        page.line(format_args!("Send it to your authority, then: keyring install-cert {key} REPLY"));
    }
}

impl TakenJson {
    fn say(&self, page: &mut Page, outcome: &Outcome) {
        if let Some(template) = &outcome.template {
            page.field(2, "template", template);
        }
        for (name, value) in &outcome.extensions {
            page.field(2, "asks for", format_args!("{name} = {value}"));
        }
        let what = match self.from {
            "certificate" => "a certificate",
            "request" => "a request",
            "openssl" => "a config of openssl",
            _ => "an INF file of certreq",
        };
        page.field(2, "taken from", format_args!("{}, {what}", self.file));
        if !self.left_to_authority.is_empty() {
            page.field(2, "not taken", format_args!("what authorities add: {}", self.left_to_authority.join(", ")));
        }
        for left in &self.left_out {
            page.field(2, "not taken", left);
        }
    }
}

impl Outcome {
    pub(super) fn of(made: &Made, reused_key: bool, new_key: bool, text: String, out: Option<&Path>) -> Self {
        let Made { key, version, facts, folder, .. } = made;
        Self {
            key: key.to_string(),
            version: version.number.0,
            request: facts.number.0,
            reused_key,
            new_key,
            subject: facts.subject.to_string(),
            names: facts.names.iter().map(ToString::to_string).collect(),
            template: facts.certificate_template.clone(),
            extensions: made.request.extensions().extensions.named().collect(),
            taken: None,
            warnings: Vec::new(),
            request_pem: text,
            kept: folder.join(format!("request-{}.csr", facts.number)).display().to_string(),
            out: out.map(|out| out.display().to_string()),
        }
    }

    /// With what was taken from a file, and what was not.
    pub(super) fn taken_from(self, taken: Taken, file: String, plan: &RequestPlan) -> Self {
        let warnings = warnings(&taken, plan);
        let Taken { form, left_out, authoritys, .. } = taken;
        let taken = TakenJson { from: form, file, left_out, left_to_authority: authoritys };
        Self { taken: Some(taken), warnings: self.warnings.into_iter().chain(warnings).collect(), ..self }
    }

    /// With the endpoints of the key that a certificate for these names would not be good for.
    pub(super) fn leaving_out(self, endpoints: &[Endpoint]) -> Self {
        let warning = |endpoint: &Endpoint| CodedJson {
            code: "endpoint-not-covered",
            message: format!("{} is bound to {endpoint}, which these names do not cover", self.key),
        };
        let warnings = endpoints.iter().map(warning).collect();
        Self { warnings, ..self }
    }
}

/// What to look at in what was taken from a file, now that its private key is known.
fn warnings(taken: &Taken, plan: &RequestPlan) -> Vec<CodedJson> {
    let algorithm = plan.version.algorithm;
    let mut warnings = coded(&taken.notes);
    if let Some(wanted) = taken.key.as_ref().filter(|wanted| wanted.algorithm != Some(algorithm)) {
        let message = format!(
            "line {}: {} is not what the private key of {} is: {algorithm}",
            wanted.line, wanted.says, plan.key
        );
        warnings.push(CodedJson { code: "other-key", message });
    }
    let asked = plan.template.extensions.clone().unwrap_or_default();
    if asked.clone().fit_for(algorithm) != asked {
        let message = format!("a key of {algorithm} cannot encrypt: its encipherment is not requested");
        warnings.push(CodedJson { code: "no-encipherment", message });
    }
    warnings
}
