//! What a flow sees for each content type.

use http::HeaderValue;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

async fn seen(kind: &str, query: &str, body: &[u8]) -> Result<Value, String> {
    let mut headers = HeaderMap::new();
    if !kind.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
    }
    let payload = of(&headers, query, &Bytes::copy_from_slice(body)).await;
    payload.map(|payload| payload.json().to_value()).map_err(|refusal| refusal.to_string())
}

#[tokio::test]
async fn every_content_type_becomes_a_payload() {
    let json_type = "application/vnd.api+json; charset=utf-8";
    assert_eq!(seen(json_type, "", br#"{"a":"\"\n{{ 7*7 }}"}"#).await, Ok(json!({ "a": "\"\n{{ 7*7 }}" })));
    assert_eq!(seen("application/json", "", b"3").await, Ok(json!(3)));
    assert_eq!(seen("", "a=1&b=x+y&a=2", b"").await, Ok(json!({ "a": ["1", "2"], "b": "x y" })));
    let form = "application/x-www-form-urlencoded";
    assert_eq!(seen(form, "q=1", b"name=J%C3%BCrgen&n=&n").await, Ok(json!({ "name": "Jürgen", "n": ["", ""] })));
    assert_eq!(seen("text/plain", "", "grüße".as_bytes()).await, Ok(json!("grüße")));
    assert_eq!(seen("text/plain; charset=iso-8859-1", "", b"gr\xfc\xdfe").await, Ok(json!("grüße")));
    assert_eq!(seen("application/soap+xml", "", b"<a/>").await, Ok(json!("<a/>")));
    assert_eq!(seen("image/png", "", &[1, 2]).await, Ok(json!({ "type": "image/png", "size": 2, "base64": "AQI=" })));
    assert_eq!(seen("", "", b"[1]").await, Ok(json!([1])));
    assert_eq!(seen("", "", b"hello").await, Ok(json!("hello")));
}

#[tokio::test]
async fn multipart_gives_fields_as_text_and_files_as_base64() {
    let body = b"--B\r\ncontent-disposition: form-data; name=\"who\"\r\n\r\nAda\r\n--B\r\n\
        content-disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\ncontent-type: text/plain\r\n\r\nhi\r\n--B--\r\n";
    let payload = seen("multipart/form-data; boundary=B", "", body).await.unwrap();
    let file = json!({ "name": "a.txt", "type": "text/plain", "size": 2, "base64": "aGk=" });
    assert_eq!(payload, json!({ "who": "Ada", "f": file }));
    assert!(seen("multipart/form-data", "", body).await.is_err());
    assert!(seen("multipart/form-data; boundary=B", "", b"--B\r\nhalf").await.is_err());
}

#[tokio::test]
async fn what_is_not_what_it_says_is_refused() {
    for body in [&b"{"[..], b"{\"a\":}", b"\xff\xfe", b"1 2", "[".repeat(1_000).as_bytes()] {
        assert!(seen("application/json", "", body).await.is_err());
    }
    let nested = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    assert!(seen("application/json", "", nested.as_bytes()).await.unwrap_err().contains("nests"));
    assert!(seen("text/plain; charset=klingon", "", b"x").await.is_err());
    assert!(seen("text/plain", "", b"\xff").await.is_err());
    assert!(seen("not a type", "", b"x").await.is_err());
}

proptest! {
    #[test]
    fn no_body_of_any_type_makes_it_panic(kind in 0_usize..6, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let kinds = ["", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B",
            "text/plain; charset=shift_jis", "x/y"];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _ = runtime.block_on(seen(kinds[kind], "", &body));
    }
}
