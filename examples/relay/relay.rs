//! Messages: POST /subject publishes the body, GET /subject?text asks and waits for the answer. What
//! comes in on the link's subscriptions is answered with "heard: ...".
use trellis_actor::messaging::{Broker, Message};
use trellis_actor::{console_log, http, register, typed, Result};

fn handle(request: http::Request) -> Result<http::Response> {
    let (broker, subject) = (Broker::new(), &request.path[1..]);
    if request.method == "POST" {
        let sent = broker.publish(subject, request.body)?;
        return Ok(http::text(if sent { "published\n" } else { "not published\n" }));
    }
    Ok(match broker.request(subject, request.query_string, 2000) {
        Ok(answer) => http::text(&(String::from_utf8_lossy(&answer.body) + "\n")),
        Err(error) => http::Response::new(504, "Gateway Timeout", format!("{error}\n")),
    })
}

fn hear(message: Message) -> Result<()> {
    let text = String::from_utf8_lossy(&message.body);
    console_log(&format!("on {}: {text}", message.subject));
    if message.reply_to.is_empty() {
        return Ok(());
    }
    Broker::new().publish(&message.reply_to, format!("heard: {text}")).map(drop)
}

register! { "HandleRequest" => typed(handle), "HandleMessage" => typed(hear) }
