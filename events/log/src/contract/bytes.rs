//! Data is read exactly as it was written.

use event_core::{Raw, StreamName};
use uuid::Uuid;

use super::{
    StoreWorld,
    speech::{KIND, Say, provenance, request, stored, stream},
};
use crate::{Log, Provenance, port::limits};

async fn first(log: &Log) -> Raw {
    log.read(0, 1).await.expect("readable").remove(0)
}

pub async fn data_comes_back_byte_for_byte(world: StoreWorld) {
    let log = world.open().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let largest: Vec<u8> = (0..limits::DATA_BYTES_MAX).map(|at| (at % 251) as u8).collect();
    let samples: [&[u8]; 5] = [&every_byte, b"", b"{ \"spaces\" :  1.0 }\n", "\u{0}\u{feff}é".as_bytes(), &largest];
    for (revision, data) in samples.iter().enumerate() {
        stored(&log, request().on("a", revision as u64).data("a", data)).await;
    }
    let log = world.reopen(log).await;
    let read = log.read(0, 10).await.expect("readable");
    let streamed = log.read_stream(&stream("a"), 1, 10).await.expect("readable").events;
    let loaded = log.read_streams(&[stream("a")]).await.expect("readable").remove(0);
    assert_eq!((read.len(), &read, loaded.len()), (5, &streamed, 5));
    for ((event, data), part) in read.iter().zip(samples).zip(&loaded) {
        assert!(*event.data == *data, "event {}", event.position);
        assert_eq!((part.position, part.revision, &part.kind), (event.position, event.revision, &event.kind));
        assert!(*part.data == *data, "event {}, as a part of a state", event.position);
    }
}

pub async fn the_whole_envelope_comes_back(world: StoreWorld) {
    let log = world.open().await;
    let acting_for = StreamName::of("relationship", "8f14e45f");
    let mut append = request().on("a", 0).event("a").event("a").key(1, 2);
    append.provenance = Provenance {
        actor: r#"{"id":"é","role":"patient","organisation":null,"level":"P9"}"#.into(),
        acting_for: Some(acting_for.clone()),
        subject: Some("8f14e45f-ceea-467f-a9b5-0123456789ab".parse().expect("valid")),
        correlation: Some(Uuid::from_u128(5)),
        causation: Some(Uuid::from_u128(6)),
        trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
    };
    let given = append.provenance.clone();
    let ids: Vec<Uuid> = append.events.iter().map(|event| event.id).collect();
    stored(&log, append).await;
    let loaded = log.read_streams(&[stream("a")]).await.expect("readable").remove(0);
    assert!(loaded.len() == 2 && loaded.iter().all(|event| event.subject == given.subject));
    for (event, place) in log.read(0, 10).await.expect("readable").into_iter().zip(1..) {
        assert_eq!((event.log, event.position, event.revision), (world.name, place, place));
        assert_eq!((event.stream, event.kind.as_ref(), event.id), (stream("a"), KIND, ids[place as usize - 1]));
        let envelope = Provenance {
            actor: event.actor,
            acting_for: event.acting_for,
            subject: event.subject,
            correlation: Some(event.correlation),
            causation: event.causation,
            trace: event.trace,
        };
        assert_eq!(envelope, given);
    }
}

pub async fn what_is_absent_comes_back_absent(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a")).await;
    let event = first(&log).await;
    assert_eq!((event.acting_for, event.subject, event.causation), (None, None, None));
    assert_eq!((event.request_hash, event.trace), (None, None));
    assert_eq!(event.actor, provenance().actor);
}

pub async fn the_correlation_is_the_first_events_id_where_none_is_given(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a").event("a")).await;
    let events = log.read(0, 10).await.expect("readable");
    assert_eq!(events.iter().map(|event| event.correlation).collect::<Vec<_>>(), [events[0].id, events[0].id]);
}

pub async fn key_and_hash_are_on_the_first_event_only(world: StoreWorld) {
    let log = world.open().await;
    stored(&log, request().on("a", 0).event("a").event("a").key(1, 2)).await;
    let no_command = stored(&log, request().on("b", 0).event("b").event("b")).await;
    let events = log.read(0, 10).await.expect("readable");
    let marks: Vec<_> = events.iter().map(|event| (event.command_key, event.request_hash)).collect();
    let mut padded = [0; 32];
    padded[..16].copy_from_slice(no_command[0].id.as_bytes());
    assert_eq!(marks, [(Some([1; 32]), Some([2; 32])), (None, None), (Some(padded), None), (None, None)]);
}
