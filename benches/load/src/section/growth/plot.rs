//! A series as a plot with logarithmic axes: a cost in proportion to the size is a straight
//! line that rises, and a constant one is level.

use plotters::prelude::*;

use super::series::Series;

const SIZE: (u32, u32) = (720, 360);

/// Distinct without red and green.
const COLOURS: [RGBColor; 4] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
];

pub(super) fn svg(series: &Series) -> anyhow::Result<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let lines = lines(series);
    let sizes = series.rows.iter().map(|(size, _)| f64::from(*size));
    let values = lines
        .iter()
        .flat_map(|(_, points)| points.iter().map(|(_, y)| *y));
    let (x, y) = (decades(sizes), decades(values));
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(76)
        .build_cartesian_2d((x.0..x.1).log_scale(), (y.0..y.1).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(series.size)
        .y_desc(series.unit)
        .x_label_formatter(&|value| format!("{value}"))
        .y_label_formatter(&|value| format!("{value}"))
        .draw()?;
    for ((name, points), colour) in lines.into_iter().zip(COLOURS) {
        let style = colour.stroke_width(2);
        let line = LineSeries::new(points, style.filled()).point_size(3);
        let key = move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style);
        chart.draw_series(line)?.label(name).legend(key);
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    drop(chart);
    drop(area);
    Ok(svg)
}

/// Of each plotted column its name, and its points.
fn lines(series: &Series) -> Vec<(&'static str, Vec<(f64, f64)>)> {
    let columns = series.columns.iter().enumerate();
    let plotted = columns.filter(|(_, column)| column.is_plotted);
    let line = |(place, column): (usize, &super::series::Column)| {
        let points = series.rows.iter().filter_map(|(size, figures)| {
            // A logarithmic axis has no zero.
            let figure = figures[place].filter(|it| *it > 0.0)?;
            Some((f64::from(*size), figure))
        });
        (column.name, points.collect())
    };
    plotted.map(line).collect()
}

/// The powers of ten around some positive values.
fn decades(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let lowest = values.clone().fold(f64::MAX, f64::min);
    let highest = values.fold(f64::MIN_POSITIVE, f64::max);
    let power = |exponent: f64| 10_f64.powf(exponent);
    let low = power(lowest.min(highest).log10().floor());
    (low, power(highest.log10().ceil()).max(low * 10.0))
}
