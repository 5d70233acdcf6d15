//! A request's body by its content type: any is read or refused with a code, and what is read is JSON and the same as data.

use std::cell::RefCell;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use tokio::runtime::{Builder, Runtime};
use weir_flow::Data;
use weir_model::Coded as _;

use crate::random::Random;
use crate::{Target, make};

pub(crate) const TARGET: Target = Target {
    name: "payloads",
    run,
    make: request,
    seeds: || {
        let multipart = b"--B\r\ncontent-disposition: form-data; name=\"who\"\r\n\r\nAda\r\n--B\r\ncontent-disposition: form-data; \
            name=\"f\"; filename=\"a.txt\"\r\ncontent-type: text/plain\r\n\r\nhi\r\n--B--\r\n";
        vec![
            make::joined(b"multipart/form-data; boundary=B\n", multipart),
            make::joined(b"application/x-www-form-urlencoded\nq=1", b"name=J%C3%BCrgen&n=&n"),
            make::joined(b"application/vnd.api+json; charset=utf-8\n", br#"{"a":["b",1.5e3,null]}"#),
            make::joined(b"text/plain; charset=shift_jis\n", b"\x83\x65"),
        ]
    },
    words: &[
        "\r\n",
        "--B",
        "--B--",
        "\r\n\r\n",
        "name=\"\"",
        "filename*=UTF-8''%e2%82",
        "content-type: ",
        "%",
        "&",
        "=",
        "+",
        ";",
        "charset=",
    ],
};

/// A request: its content type, a line break, its query; then its body.
fn request(random: &mut Random) -> Vec<u8> {
    let kinds = [
        "",
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=B",
        "multipart/form-data",
        "text/plain; charset=utf-16le",
        "text/html; charset=iso-2022-jp",
        "text/plain; charset=klingon",
        "application/xml",
        "x/y",
        "*/*",
        "image/png",
        "application/ld+json; a=\"\\\"\"",
        "multipart/form-data; boundary=\"a b\"",
        "text/csv",
    ];
    let kind = random.pick(&kinds);
    let body = match random.below(4) {
        0 => make::value(random, 4).to_string(),
        1 => (0..random.small(9)).map(|_| format!("{}={}&", make::odd_text(random), make::odd_text(random))).collect(),
        2 => parts(random),
        _ => make::odd_text(random),
    };
    let query = if random.once_in(3) { make::odd_text(random).replace('\n', "&") } else { String::new() };
    make::joined(format!("{kind}\n{query}").as_bytes(), body.as_bytes())
}

fn parts(random: &mut Random) -> String {
    let mut body = String::new();
    for _ in 0..random.small(6) {
        let name = make::odd_text(random).replace(['\r', '\n'], " ");
        let file = if random.once_in(2) { "; filename=\"a\"\r\ncontent-type: x/y" } else { "" };
        let text = make::odd_text(random);
        body += &format!("--B\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n");
    }
    body + random.pick(&["--B--\r\n", "--B--", "--B", ""])
}

thread_local! {
    static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

fn run(input: &[u8]) {
    let (head, body) = make::parts(input);
    let (kind, query) =
        head.iter().position(|byte| *byte == b'\n').map_or((head, &[][..]), |at| (&head[..at], &head[at + 1..]));
    let mut headers = HeaderMap::new();
    if !kind.is_empty() {
        let Ok(kind) = HeaderValue::from_bytes(kind) else { return };
        headers.insert(header::CONTENT_TYPE, kind);
    }
    let query = String::from_utf8_lossy(query);
    let body = Bytes::copy_from_slice(body);
    let made = RUNTIME.with_borrow_mut(|runtime| {
        let new = || Builder::new_current_thread().build().unwrap_or_else(|error| panic!("no runtime: {error}"));
        runtime.get_or_insert_with(new).block_on(weir_ingress::payload_of(&headers, &query, &body))
    });
    match made {
        Ok(payload) => {
            let read = Data::from_json(payload.json().text().as_bytes());
            assert_eq!(read.as_ref(), Ok(payload.data()), "a payload's two forms differ");
        }
        Err(refusal) => {
            assert!(refusal.code().as_str().starts_with("WEIR-"), "a refusal without a code");
            assert!(refusal.to_string().len() < 8_192, "a long message");
        }
    }
}
