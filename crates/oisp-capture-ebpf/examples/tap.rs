//! dev
#![allow(
    clippy::all,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]
use oisp_capture_ebpf::*;
use oisp_core::capture::*;
use oisp_core::raw::*;
use std::time::*;
fn main() {
    let secs: u64 = std::env::args().nth(1).map_or(5, |s| s.parse().unwrap());
    let verbose = std::env::args().nth(2).is_some();
    let (tx, rx) = std::sync::mpsc::sync_channel(8192);
    let t = Instant::now();
    let r = Box::new(EbpfCapture::new(EbpfConfig::default())).start(tx);
    let r = match r {
        Ok(r) => r,
        Err(e) => {
            println!("{e}");
            std::process::exit(3)
        }
    };
    println!("attached in {:?}", t.elapsed());
    let end = Instant::now() + Duration::from_secs(secs);
    let h = std::thread::spawn(move || {
        while let Ok(e) = rx.recv() {
            if !verbose {
                continue;
            }
            match &e.kind {
                oisp_core::RawKind::Tls(t) => match &t.what {
                    TlsKind::Data {
                        direction,
                        offset,
                        bytes,
                    } => println!(
                        "{} {} {direction:?} {offset}+{} {:?}",
                        e.pid,
                        t.conn,
                        bytes.len(),
                        String::from_utf8_lossy(&bytes[..bytes.len().min(60)])
                    ),
                    o => println!("{} {} {o:?}", e.pid, t.conn),
                },
                oisp_core::RawKind::Process(p) => println!("{} {:?}", e.pid, p),
            }
        }
    });
    std::thread::sleep(end - Instant::now());
    let s = r.status();
    let t = Instant::now();
    r.stop();
    println!("stopped in {:?}", t.elapsed());
    h.join().unwrap();
    println!("{:#?}", s.counters());
    if std::env::args().nth(2).as_deref() == Some("d") {
        println!("{:#}", s.details());
    }
}
