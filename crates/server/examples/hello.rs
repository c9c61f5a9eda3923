//! What the web framework and the templates cost by themselves: a page of as many bytes as are asked for, of the same
//! kind of rows as the queue has, and nothing behind it. The peer of the load run.
//!
//!   cargo build --release -p kandeng -p kandeng-server --example hello
//!   target/release/examples/hello 8100
//!   wrk -t1 -c64 -d8s --latency "http://127.0.0.1:8100/?bytes=43000"

use askama::Template;
use axum::Router;
use axum::extract::Query;
use axum::response::Html;
use axum::routing::get;
use serde::Deserialize;

#[derive(Deserialize)]
struct Wanted {
    bytes: usize,
}

struct Line {
    href: String,
    name: String,
    code: String,
    place: String,
    items: Vec<String>,
    money: String,
    says: String,
}

#[derive(Template)]
#[template(
    source = r#"<!doctype html><html lang="zh-CN"><title>hello</title><body><table><tbody>{% for line in lines %}<tr>
<td><input type="checkbox" name="flag" value="{{ line.href }}" aria-label="{{ line.code }}"></td>
<td><a href="{{ line.href }}">{{ line.name }}</a><br><small>{{ line.code }}</small></td>
<td class="place">{{ line.place }}</td>
<td>{% for item in line.items %}<span class="tag doubt">{{ item }}</span> {% endfor %}</td>
<td class="r">{{ line.money }}</td>
<td><a href="{{ line.href }}">{{ line.says }}</a></td></tr>
{% endfor %}</tbody></table></body></html>"#,
    ext = "html"
)]
struct Hello {
    lines: Vec<Line>,
}

/// How many bytes a row comes to, roughly.
const ROW: usize = 648;

async fn hello(Query(wanted): Query<Wanted>) -> Html<String> {
    let lines = (0..wanted.bytes.min(1 << 20) / ROW)
        .map(|number| Line {
            href: format!("/supervise/projects/01a0e5bd-8d00-7534-becc-bd34490{number:05}"),
            name: format!("安平镇桑树村产业路第{number}期"),
            code: format!("99012120269{number:05}"),
            place: "安平镇 桑树村".to_owned(),
            items: vec!["开工日期".to_owned(), "批复日期".to_owned()],
            money: "12.50 万元".to_owned(),
            says: "开工日期(2025-01-02)早于批复日期(2025-03-14),相差 71 天,请核对两个日期。"
                .to_owned(),
        })
        .collect();
    // Cannot fail: it is written to memory.
    Html(Hello { lines }.render().unwrap_or_default())
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port.unwrap_or(8100))).await?;
    axum::serve(listener, Router::new().route("/", get(hello))).await
}
