//! Draws series as lines.

use crate::api::query::TimeRange;
use crate::prometheus::series::Series;

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;

/// The colours of lines, in turn.
const COLOURS: [&str; 6] = ["#3274d9", "#299c46", "#e0752d", "#8f3bb8", "#c9a20c", "#d44a3a"];

/// Returns the colour of the line with this number.
pub(super) fn colour(line: usize) -> &'static str {
    COLOURS[line % COLOURS.len()]
}

/// Returns an SVG image of the series over a range.
pub(super) fn draw<'a>(series: impl Iterator<Item = &'a Series> + Clone, range: TimeRange) -> String {
    let numbers = series.clone().flat_map(|series| &series.points).filter_map(|point| number(&point.value));
    let (least, most) = numbers
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)));
    let line = |(index, series): (usize, &Series)| {
        let mut points: Vec<String> = series
            .points
            .iter()
            .filter_map(|point| {
                let value = number(&point.value)?;
                let x = share(as_f64(point.at_ms), as_f64(range.from_ms), as_f64(range.to_ms)) * WIDTH;
                let y = (1.0 - share(value, least, most)) * (HEIGHT - 8.0) + 4.0;
                Some(format!("{x:.1},{y:.1}"))
            })
            .collect();
        // A single point is a line of length zero, which round caps show as a dot.
        if let [only] = points.as_slice() {
            points.push(only.clone());
        }
        let (points, colour) = (points.join(" "), colour(index));
        format!(
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
             stroke-linecap=\"round\" stroke-linejoin=\"round\" vector-effect=\"non-scaling-stroke\"/>"
        )
    };
    let lines: String = series.enumerate().map(line).collect();
    format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\">{lines}</svg>")
}

fn number(value: &str) -> Option<f64> {
    value.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Returns the relative position of a value between two others; a flat line is in the middle.
fn share(value: f64, least: f64, most: f64) -> f64 {
    if most > least { ((value - least) / (most - least)).clamp(0.0, 1.0) } else { 0.5 }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into the 53 bits")]
fn as_f64(ms: u64) -> f64 {
    ms as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::prometheus::series::Point;

    #[test]
    fn rising_line_starts_at_the_lower_left() {
        let point = |at_ms, value: &str| Point { at_ms, value: value.into() };
        let points = vec![point(0, "1"), point(50, "NaN"), point(100, "3")];
        let series = [Series { labels: BTreeMap::new(), points }];
        let svg = draw(series.iter(), TimeRange { from_ms: 0, to_ms: 100 });
        assert!(svg.contains("points=\"0.0,116.0 600.0,4.0\""), "{svg}");
    }

    #[test]
    fn flat_line_is_in_the_middle() {
        assert!((share(5.0, 5.0, 5.0) - 0.5).abs() < f64::EPSILON);
    }
}
