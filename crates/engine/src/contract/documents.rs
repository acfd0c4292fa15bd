//! What a store of documents must do.

use super::{Has, Reopen, soon};
use crate::{COMPARED_BYTES_MAX, Document, DocumentStore};

type Documents = dyn DocumentStore;

fn document(id: &str, body: impl Into<Vec<u8>>) -> Document {
    Document { id: id.to_owned(), body: body.into() }
}

pub(super) async fn written_read_overwritten_removed((engine, kind): (impl Has<Documents>, &str)) {
    let documents = engine.port();
    assert_eq!(soon(documents.document(kind, "a")).await.unwrap(), None);
    assert!(soon(documents.documents(kind)).await.unwrap().is_empty());
    soon(documents.remove_document(kind, "a")).await.unwrap();
    soon(documents.put_documents(kind, vec![])).await.unwrap();
    soon(documents.put_documents(kind, vec![document("a", "1"), document("b", "2")])).await.unwrap();
    soon(documents.put_documents(kind, vec![document("a", "3")])).await.unwrap();
    assert_eq!(soon(documents.document(kind, "a")).await.unwrap().as_deref(), Some(&b"3"[..]));
    assert_eq!(soon(documents.document(kind, "b")).await.unwrap().as_deref(), Some(&b"2"[..]));
    soon(documents.remove_document(kind, "a")).await.unwrap();
    soon(documents.remove_document(kind, "a")).await.unwrap();
    assert_eq!(soon(documents.documents(kind)).await.unwrap(), [document("b", "2")]);
    soon(documents.put_documents(kind, vec![document("a", "4")])).await.unwrap();
    assert_eq!(soon(documents.documents(kind)).await.unwrap(), [document("a", "4"), document("b", "2")]);
}

pub(super) async fn listed_in_order((engine, kind): (impl Has<Documents>, &str)) {
    let documents = engine.port();
    let mut many: Vec<_> =
        (0..300).map(|n| document(&format!("{}", n * 7919 % 1000), format!("{n}"))).collect();
    soon(documents.put_documents(kind, many.clone())).await.unwrap();
    many.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(soon(documents.documents(kind)).await.unwrap(), many);
}

pub(super) async fn any_name_and_any_content((engine, kind): (impl Has<Documents>, &str)) {
    let documents = engine.port();
    let names = ["a/b", "..", ".", "a b", "A", "a", "é", "%41", "a.document", "-", "/etc", "", "x\u{1}y"];
    let many: Vec<_> =
        names.iter().enumerate().map(|(n, id)| document(id, vec![n as u8; 1 + 20_000 * n])).collect();
    soon(documents.put_documents(kind, many.clone())).await.unwrap();
    soon(documents.put_documents(kind, vec![document("empty", "")])).await.unwrap();
    for one in &many {
        let body = soon(documents.document(kind, &one.id)).await.unwrap();
        assert_eq!(body.as_ref(), Some(&one.body), "{:?}", one.id);
    }
    assert_eq!(soon(documents.document(kind, "empty")).await.unwrap(), Some(vec![]));
    assert_eq!(soon(documents.documents(kind)).await.unwrap().len(), names.len() + 1);
}

pub(super) async fn one_is_replaced_by_who_has_read_it(
    (mut engine, kind): (impl Has<Documents> + Reopen, &str),
) {
    let documents = engine.port();
    let replace = async |read: Option<&[u8]>, by: &[u8]| {
        soon(documents.replace_document(kind, "one", read, by.to_vec())).await.unwrap()
    };
    assert!(!replace(Some(b"x"), b"a").await);
    assert!(replace(None, b"a").await);
    assert!(!replace(None, b"b").await);
    assert!(!replace(Some(b"b"), b"c").await);
    let largest = vec![7; COMPARED_BYTES_MAX];
    assert!(replace(Some(b"a"), &largest).await);
    assert!(replace(Some(&largest), b"").await);
    assert!(!replace(None, b"d").await, "nothing is not the same as none");
    assert!(replace(Some(b""), b"a").await);
    // Of several at once, one.
    let tries = (0..8).map(|n: u8| {
        let (documents, kind) = (documents.clone(), kind.to_owned());
        tokio::spawn(async move { soon(documents.replace_document(&kind, "one", Some(b"a"), vec![n])).await })
    });
    let mut won = 0;
    for tried in tries.collect::<Vec<_>>() {
        // Who does not learn how it went has not won, as far as it knows.
        won += u32::from(tried.await.unwrap().unwrap_or(false));
    }
    assert!(won <= 1, "{won} have replaced the same document");
    drop(documents);
    engine.reopen().await;
    let there = soon(engine.port().document(kind, "one")).await.unwrap().unwrap();
    assert!(won == 0 || there.len() == 1 && there[0] < 8, "{there:?}");
}

pub(super) async fn all_is_there_after_a_restart((mut engine, kind): (impl Has<Documents> + Reopen, &str)) {
    for round in 0..4 {
        let documents = engine.port();
        let many = (0..20).map(|n| document(&format!("{n:02}"), format!("{round} {n}"))).collect();
        soon(documents.put_documents(kind, many)).await.unwrap();
        soon(documents.remove_document(kind, &format!("{round:02}"))).await.unwrap();
        drop(documents);
        engine.reopen().await;
        let found = soon(engine.port().documents(kind)).await.unwrap();
        let expected: Vec<_> = (0..20)
            .filter(|&n| n != round)
            .map(|n| document(&format!("{n:02}"), format!("{round} {n}")))
            .collect();
        assert_eq!(found, expected);
    }
}

pub(super) async fn kinds_are_apart(engine: impl Has<Documents>) {
    let documents = engine.port();
    for kind in ["a", "b", "ab", "keys"] {
        soon(documents.put_documents(kind, vec![document("one", kind), document("b", "")])).await.unwrap();
    }
    soon(documents.remove_document("ab", "one")).await.unwrap();
    assert_eq!(soon(documents.document("a", "one")).await.unwrap().as_deref(), Some(&b"a"[..]));
    assert_eq!(soon(documents.documents("ab")).await.unwrap(), [document("b", "")]);
    assert_eq!(soon(documents.documents("keys")).await.unwrap().len(), 2);
    assert!(soon(documents.documents("c")).await.unwrap().is_empty());
}
