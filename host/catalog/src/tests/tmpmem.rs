use super::support::*;
fn rss() -> u64 { let s = std::fs::read_to_string("/proc/self/status").unwrap(); s.lines().find(|l| l.starts_with("RssAnon")).unwrap().split_whitespace().nth(1).unwrap().parse().unwrap() }
#[tokio::test]
async fn mem() {
    let rooms = Rooms::new();
    let catalog = rooms.open().await;
    catalog.push_action(&tenant(), echo()).await.unwrap();
    let start = std::time::Instant::now();
    for n in 0..1000 {
        let flow = format!("flow-{n}");
        let text = serde_json::json!({"weir": 1, "name": flow, "steps": [{"id": "first", "uses": "echo", "with": {"a": "{{ payload.x }}"}, "save": "score"}, {"id": "answer", "uses": "response"}]}).to_string();
        catalog.save_draft(&tenant(), None, &text, None).await.unwrap();
        catalog.publish(&tenant(), &name(&flow), None).await.unwrap();
    }
    println!("made in {:?}, rss {}", start.elapsed(), rss());
    drop(catalog);
    let before = rss();
    let start = std::time::Instant::now();
    let mut all = vec![];
    for _ in 0..4 { all.push(rooms.open().await); println!("open {:?} rss {} (+{})", start.elapsed(), rss(), rss() - before); }
}
