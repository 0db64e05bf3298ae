//! What the system counts about this process, read when it is asked for.
//!
//! *Invariant:* what the system does not tell is left out.

use std::fs;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use rustix::param::{clock_ticks_per_second, page_size};

/// Processor time, memory, open files.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        if let Some(seconds) = processor_seconds() {
            let help = "Processor time used";
            let metric = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
            ConstCounter::new(seconds).encode(metric)?;
        }
        if let Some(bytes) = resident_bytes() {
            let help = "Memory in use";
            let metric = encoder.encode_descriptor("process_resident_memory_bytes", help, None, MetricType::Gauge)?;
            ConstGauge::new(bytes).encode(metric)?;
        }
        if let Some(count) = open_files() {
            let metric =
                encoder.encode_descriptor("process_open_fds", "Open files and sockets", None, MetricType::Gauge)?;
            ConstGauge::new(count).encode(metric)?;
        }
        Ok(())
    }
}

fn processor_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may have spaces and brackets; what follows it has none.
    let (_, rest) = text.rsplit_once(") ")?;
    let mut ticks = rest.split(' ').skip(11).take(2).map(|field| field.parse::<f64>().ok());
    let (user, system) = (ticks.next()??, ticks.next()??);
    Some((user + system) / u32::try_from(clock_ticks_per_second()).map(f64::from).ok()?)
}

fn resident_bytes() -> Option<i64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: i64 = text.split(' ').nth(1)?.parse().ok()?;
    pages.checked_mul(i64::try_from(page_size()).ok()?)
}

fn open_files() -> Option<i64> {
    // One of them is the folder itself. Without the right to look, the system refuses.
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    i64::try_from(count).ok().map(|count| count - 1)
}
