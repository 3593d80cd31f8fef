//! Counts the layers and bytes of images that are pulled at the same time.
//!
//! It pulls and prints nothing and reads no clock. Its counts never decrease.

use std::collections::BTreeMap;

/// A report of an engine about one layer of one image.
#[derive(Clone, Copy, Debug)]
pub struct LayerReport<'a> {
    /// The index of the image among the pulled ones.
    pub image: usize,
    /// The id of the layer.
    pub layer: &'a str,
    /// The state of the layer.
    pub state: LayerState,
    /// The bytes that are done.
    pub current: Option<i64>,
    /// The total bytes.
    pub total: Option<i64>,
}

/// The state of a layer; later states compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerState {
    /// `Pulling fs layer`: the layer is needed.
    Announced,
    /// `Waiting`: the download is queued.
    Waiting,
    /// `Downloading`: the download is running.
    Downloading,
    /// `Verifying Checksum`: all bytes have arrived.
    Verifying,
    /// `Download complete`: the checksum is correct.
    Downloaded,
    /// `Extracting`: the layer is being unpacked.
    Extracting,
    /// `Pull complete`: the layer is unpacked.
    Pulled,
    /// `Already exists`: the engine had the layer before.
    Present,
}

/// The progress of one image or of all images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PullProgress {
    /// The layers that are ready for use.
    pub layers_done: usize,
    /// The layers that are known.
    pub layers_total: usize,
    /// The layers whose bytes are counted for another image, which reported them first.
    pub layers_shared: usize,
    /// The bytes that are downloaded.
    pub bytes_done: u64,
    /// The total bytes to download, as far as they are known.
    pub bytes_total: u64,
}

/// The layers of all pulled images.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    images: BTreeMap<usize, BTreeMap<String, LayerState>>,
    downloads: BTreeMap<String, Download>,
}

#[derive(Clone, Debug)]
struct Download {
    owner: usize,
    done: u64,
    total: u64,
    is_complete: bool,
}

impl LayerState {
    /// Returns whether the layer is ready for use.
    pub fn is_done(self) -> bool {
        self >= Self::Pulled
    }
}

impl Layers {
    /// Records a report.
    pub fn record(&mut self, report: &LayerReport<'_>) {
        let state = report.state;
        let states = self.images.entry(report.image).or_default();
        let known = states.entry(report.layer.to_owned()).or_insert(state);
        *known = state.max(*known);
        self.downloads
            .entry(report.layer.to_owned())
            .or_insert(Download { owner: report.image, done: 0, total: 0, is_complete: false })
            .advance(state, bytes(report.current), bytes(report.total));
    }

    /// Returns the progress of one image; zero for an image without reports.
    pub fn image(&self, image: usize) -> PullProgress {
        let mut tally = PullProgress::default();
        for (layer, state) in self.images.get(&image).into_iter().flatten() {
            tally.layers_total += 1;
            tally.layers_done += usize::from(state.is_done());
            match self.downloads.get(layer) {
                Some(download) if download.owner == image => tally.add_bytes(download),
                _ => tally.layers_shared += 1,
            }
        }
        tally
    }

    /// Returns the progress of all images. A shared layer counts once.
    pub fn all(&self) -> PullProgress {
        let mut tally = PullProgress::default();
        for (layer, download) in &self.downloads {
            let state = self.images.get(&download.owner).and_then(|states| states.get(layer));
            tally.layers_total += 1;
            tally.layers_done += usize::from(state.is_some_and(|state| state.is_done()));
            tally.add_bytes(download);
        }
        tally
    }
}

impl PullProgress {
    fn add_bytes(&mut self, download: &Download) {
        self.bytes_done += download.done;
        self.bytes_total += download.total;
    }
}

impl Download {
    fn advance(&mut self, state: LayerState, current: u64, total: u64) {
        self.is_complete |= state > LayerState::Downloading;
        match state {
            LayerState::Downloading => {
                self.done = self.done.max(current);
                self.total = self.total.max(total).max(self.done);
            }
            // Unpacking has the same total but counts its own bytes; for small layers it is the only known
            // total.
            LayerState::Extracting => self.total = self.total.max(total),
            _ => {}
        }
        if self.is_complete {
            self.done = self.total;
        }
    }
}

fn bytes(reported: Option<i64>) -> u64 {
    // Engines report a negative number for an unknown size.
    reported.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::phrases::layer_state;

    type Row = (usize, &'static str, &'static str, Option<i64>, Option<i64>);

    fn record(layers: &mut Layers, rows: &[Row]) {
        for (image, layer, word, current, total) in rows.iter().copied() {
            if let Some(state) = layer_state(word) {
                layers.record(&LayerReport { image, layer, state, current, total });
            }
        }
    }

    fn tallied(rows: &[Row]) -> Layers {
        let mut layers = Layers::default();
        record(&mut layers, rows);
        layers
    }

    fn tally(layers: [usize; 3], bytes: [u64; 2]) -> PullProgress {
        let [layers_done, layers_total, layers_shared] = layers;
        let [bytes_done, bytes_total] = bytes;
        PullProgress { layers_done, layers_total, layers_shared, bytes_done, bytes_total }
    }

    #[test]
    fn each_state_advances_its_layer() {
        let mut layers = Layers::default();
        for (word, current, total, expected) in [
            ("Pulling fs layer", None, None, tally([0, 1, 0], [0, 0])),
            ("Waiting", None, None, tally([0, 1, 0], [0, 0])),
            ("Downloading", Some(10), Some(100), tally([0, 1, 0], [10, 100])),
            ("Downloading", Some(60), Some(100), tally([0, 1, 0], [60, 100])),
            ("Verifying Checksum", None, None, tally([0, 1, 0], [100, 100])),
            ("Download complete", None, None, tally([0, 1, 0], [100, 100])),
            ("Extracting", Some(5), Some(100), tally([0, 1, 0], [100, 100])),
            ("Pull complete", None, None, tally([1, 1, 0], [100, 100])),
        ] {
            record(&mut layers, &[(0, "a", word, current, total)]);
            assert_eq!(layers.image(0), expected, "{word}");
            assert_eq!(layers.all(), expected, "{word}");
        }
    }

    #[test]
    fn unknown_states_and_images_count_nothing() {
        let layers = tallied(&[
            (0, "v3.13.4", "Pulling from prom/prometheus", None, None),
            (0, "a", "Retrying in 5 seconds", Some(1), Some(2)),
            (0, "", "Status: Downloaded newer image", None, None),
        ]);
        assert_eq!(layers.image(0), PullProgress::default());
        assert_eq!(layers.image(7), PullProgress::default());
        assert_eq!(layers.all(), PullProgress::default());
    }

    #[test]
    fn unusual_reports_keep_counts_consistent() {
        let cases: [(&str, &[Row], PullProgress); 9] = [
            ("present", &[(0, "a", "Already exists", None, None)], tally([1, 1, 0], [0, 0])),
            ("no total", &[(0, "a", "Downloading", Some(7), None)], tally([0, 1, 0], [7, 7])),
            ("negative total", &[(0, "a", "Downloading", Some(7), Some(-1))], tally([0, 1, 0], [7, 7])),
            ("no numbers", &[(0, "a", "Downloading", None, None)], tally([0, 1, 0], [0, 0])),
            ("more than all", &[(0, "a", "Downloading", Some(9), Some(5))], tally([0, 1, 0], [9, 9])),
            (
                "growing total",
                &[(0, "a", "Downloading", Some(5), Some(50)), (0, "a", "Downloading", Some(6), Some(80))],
                tally([0, 1, 0], [6, 80]),
            ),
            (
                "restarted download",
                &[(0, "a", "Downloading", Some(40), Some(50)), (0, "a", "Downloading", Some(1), Some(20))],
                tally([0, 1, 0], [40, 50]),
            ),
            (
                "total known late",
                &[(0, "a", "Download complete", None, None), (0, "a", "Extracting", Some(1), Some(30))],
                tally([0, 1, 0], [30, 30]),
            ),
            (
                "seconds instead of bytes",
                &[(0, "a", "Downloading", Some(1), Some(30)), (0, "a", "Extracting", Some(2), None)],
                tally([0, 1, 0], [30, 30]),
            ),
        ];
        for (name, rows, expected) in cases {
            assert_eq!(tallied(rows).image(0), expected, "{name}");
        }
    }

    #[test]
    fn reports_out_of_order_never_decrease_counts() {
        let mut layers = tallied(&[
            (0, "a", "Downloading", Some(1), Some(10)),
            (0, "a", "Pull complete", None, None),
            (0, "b", "Pulling fs layer", None, None),
        ]);
        let expected = tally([1, 2, 0], [10, 10]);
        assert_eq!(layers.image(0), expected);
        record(&mut layers, &[(0, "a", "Pulling fs layer", None, None), (0, "a", "Waiting", None, None)]);
        record(&mut layers, &[(0, "a", "Downloading", Some(2), Some(10))]);
        assert_eq!(layers.image(0), expected);
    }

    #[test]
    fn shared_layer_counts_for_its_first_image() {
        let mut layers = tallied(&[
            (0, "base", "Downloading", Some(10), Some(100)),
            (0, "a", "Downloading", Some(1), Some(5)),
            (1, "base", "Downloading", Some(20), Some(100)),
            (1, "b", "Downloading", Some(2), Some(7)),
        ]);
        assert_eq!(layers.image(0), tally([0, 2, 0], [21, 105]));
        assert_eq!(layers.image(1), tally([0, 2, 1], [2, 7]));
        assert_eq!(layers.all(), tally([0, 3, 0], [23, 112]));

        record(&mut layers, &[(0, "base", "Pull complete", None, None)]);
        assert_eq!(layers.image(0), tally([1, 2, 0], [101, 105]));
        assert_eq!(layers.image(1), tally([0, 2, 1], [2, 7]));

        record(&mut layers, &[(1, "base", "Already exists", None, None)]);
        assert_eq!(layers.image(1), tally([1, 2, 1], [2, 7]));
        assert_eq!(layers.all(), tally([1, 3, 0], [103, 112]));
    }
}
