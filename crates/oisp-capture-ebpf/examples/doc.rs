#![allow(clippy::all, clippy::print_stdout)]
fn main(){ let t=std::time::Instant::now(); let r=oisp_capture_ebpf::doctor(std::env::args().nth(1).as_deref()); println!("{}", serde_json::to_string_pretty(&r).unwrap_or_default()); println!("{:?}", t.elapsed()); 
 let (tx,_rx)=std::sync::mpsc::sync_channel(1);
 use oisp_core::capture::CaptureBackend; match Box::new(oisp_capture_ebpf::EbpfCapture::new(Default::default())).start(tx){Ok(_)=>println!("ok"),Err(e)=>println!("{e}")}}
