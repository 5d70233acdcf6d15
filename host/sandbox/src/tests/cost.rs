//! What a step costs: store, instance, call and drop. Run by hand; figures are printed and never asserted.

use bytes::Bytes;
use tokio::time::Instant;
use weir_model::Limits;

use super::guest::{Guest, echo};
use super::{run, sandbox, tenant};

#[tokio::test]
#[ignore = "measures; run it alone with --ignored --nocapture, and WEIR_GUEST=file for another guest"]
async fn a_step() {
    let (_dir, sandbox) = sandbox();
    let bytes = match std::env::var_os("WEIR_GUEST") {
        Some(path) => std::fs::read(path).unwrap(),
        None => Guest::new(&echo()).build(),
    };
    let start = Instant::now();
    let admitted = sandbox.admit(&tenant(), Bytes::from(bytes), |_| {}).await.unwrap();
    println!("admit {:?} for {} bytes", start.elapsed(), admitted.size);
    let action = sandbox.get(&admitted.hash).unwrap();
    let input = r#"{"name":"Ada","email":"ada@example.com","company":"weir","size":40}"#;
    let limits = Limits::default();
    println!("{:?}", run(&action, input, &limits).await);
    let mut times = Vec::with_capacity(20_000);
    for _ in 0..20_000 {
        let start = Instant::now();
        let ran = run(&action, input, &limits).await;
        times.push(start.elapsed());
        assert!(ran.result.is_ok());
    }
    let mean = times.iter().sum::<std::time::Duration>() / 20_000;
    times.sort_unstable();
    println!("p50 {:?} p90 {:?} p99 {:?} mean {mean:?}", times[10_000], times[18_000], times[19_800]);
}
