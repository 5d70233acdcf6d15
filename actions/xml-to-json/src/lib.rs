//! The standard action `xml-to-json`: its settings. Reading is quick-xml's; `read` builds the JSON.

#![forbid(unsafe_code)]

mod read;

use weir_action::{Result, Value};

/// How XML becomes JSON.
#[weir_action::data]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// What stands before the names of attributes.
    #[schemars(length(max = 16))]
    pub attribute_prefix: String,
    /// The member for an element's text, where it has attributes or other elements too.
    #[schemars(length(min = 1, max = 64))]
    pub text_member: String,
    /// Elements that are lists even where there is one of them. Others are lists where there are several.
    pub lists: Vec<String>,
    /// Whether `ns:name` becomes `name`.
    pub drop_prefixes: bool,
    /// Whether numbers, `true` and `false` are taken as such; else all values are text.
    pub infer_types: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            attribute_prefix: "@".to_owned(),
            text_member: "#text".to_owned(),
            lists: Vec::new(),
            drop_prefixes: false,
            infer_types: false,
        }
    }
}

/// Turns XML into JSON: elements become members, repeated ones lists.
///
/// The input is a string. Documents with a DTD are refused, so that no entity can be declared.
#[weir_action::action(name = "xml-to-json", title = "XML to JSON")]
pub fn xml_to_json(config: &Config, input: String) -> Result<Value> {
    read::read(config, &input)
}

#[cfg(test)]
mod tests {
    use weir_action::serde_json::json;
    use weir_action::testing;

    use super::*;

    fn run(config: Value, xml: &str) -> Value {
        testing::run::<xml_to_json>(&config, &json!(xml)).unwrap_or_else(|error| panic!("{xml}: {error}")).value
    }

    fn refusal(xml: &str) -> String {
        let error = testing::run::<xml_to_json>(&json!({}), &json!(xml)).unwrap_err();
        assert!(error.is_invalid(), "{error}");
        error.to_string()
    }

    #[test]
    fn elements_attributes_text_and_lists() {
        let xml = "<?xml version='1.0'?><!-- orders --><order id='7' n:paid='true'>\n  <item>pen &amp; ink</item><item>\
                   <![CDATA[<b>]]></item><note lang='it'>ciao &#x1F980;</note><empty/><total>12.50</total>\n</order>";
        assert_eq!(
            run(json!({}), xml),
            json!({ "order": {
                "@id": "7", "@n:paid": "true", "item": ["pen & ink", "<b>"], "note": { "@lang": "it", "#text": "ciao \u{1F980}" },
                "empty": null, "total": "12.50",
            } })
        );
        let config = json!({ "attribute_prefix": "", "lists": ["total"], "drop_prefixes": true, "infer_types": true });
        let got = run(config, xml);
        assert_eq!(
            (&got["order"]["paid"], &got["order"]["total"], &got["order"]["id"]),
            (&json!(true), &json!([12.5]), &json!(7))
        );
    }

    #[test]
    fn soap_reads_by_its_local_names() {
        let xml =
            "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><r>1</r></s:Body></s:Envelope>";
        assert_eq!(run(json!({ "drop_prefixes": true }), xml)["Envelope"]["Body"]["r"], "1");
    }

    #[test]
    fn hostile_and_broken_documents_are_refused_with_their_place() {
        assert!(refusal("<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>").contains("DTD"));
        assert!(refusal("<a>&nosuch;</a>").contains("there is no entity `nosuch`"));
        assert!(refusal("<a>\n<b></a>").starts_with("line 2: "), "{}", refusal("<a>\n<b></a>"));
        assert!(refusal("<a/><b/>").contains("one element"));
        assert!(refusal("").contains("no element"));
        assert!(refusal("<a x='1' x='2'/>").starts_with("line 1: "));
        assert!(refusal(&"<a>".repeat(2_000)).contains("deep"));
    }
}
