// Draws the plots of the pages under docs/ as SVG files.
import { writeFileSync } from 'node:fs';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/** The time of one chunk, engine beside engine; `values`: [{model, weights, engine, ms}]. */
export async function plotChunks(values, path) {
  const specification = {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    background: 'white',
    data: { values },
    facet: {
      column: { field: 'model', title: null, sort: [...new Set(values.map((v) => v.model))] },
    },
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 180,
      height: 200,
      mark: 'bar',
      encoding: {
        x: { field: 'weights', sort: null, title: null, axis: { labelAngle: 0 } },
        xOffset: { field: 'engine' },
        y: { field: 'ms', type: 'quantitative', title: 'ms for 160 ms of sound, median' },
        color: { field: 'engine', title: null, legend: { orient: 'bottom', labelLimit: 0 } },
      },
    },
  };
  await draw(specification, path);
}

/**
 * The share of words shown, and stable, within so many seconds of their end;
 * `rows`: [{chunkMs, firstPartial, stable}], each with its 101 percentiles.
 */
export async function plotDelays(rows, path) {
  const titles = { firstPartial: 'first partial', stable: 'stable' };
  const values = rows.flatMap((row) =>
    Object.entries(titles).flatMap(([name, title]) =>
      row[name].percentiles.map((seconds, percent) => ({
        chunk: `${row.chunkMs} ms`,
        event: title,
        seconds,
        percent,
      })),
    ),
  );
  const specification = {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    background: 'white',
    data: { values: values.filter(({ percent }) => percent > 0 && percent < 100) },
    facet: { column: { field: 'event', title: null, sort: Object.values(titles) } },
    spec: {
      width: 320,
      height: 200,
      mark: 'line',
      encoding: {
        x: { field: 'seconds', type: 'quantitative', title: 'seconds of audio after the word' },
        y: { field: 'percent', type: 'quantitative', title: '% of words' },
        color: { field: 'chunk', sort: null, legend: { orient: 'bottom' } },
      },
    },
  };
  await draw(specification, path);
}

/** Speed by rows; `values`: [{matrix, weights, rows, engine, gops}]. */
export async function plotKernels(values, path) {
  const sortOf = (field) => [...new Set(values.map((value) => value[field]))];
  await draw(
    {
      $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
      background: 'white',
      data: { values },
      facet: {
        column: { field: 'weights', title: null, sort: sortOf('weights') },
        row: { field: 'matrix', title: null, sort: sortOf('matrix') },
      },
      spec: {
        width: 150,
        height: 120,
        mark: 'bar',
        encoding: {
          x: { field: 'rows', type: 'ordinal', title: 'rows', axis: { labelAngle: 0 } },
          xOffset: { field: 'engine', sort: null },
          y: { field: 'gops', type: 'quantitative', title: 'GOPS' },
          color: {
            field: 'engine',
            sort: null,
            title: null,
            legend: { orient: 'bottom', labelLimit: 0 },
          },
        },
      },
    },
    path,
  );
}

/** How right words are against how sure. `values`: [{when, confidence, right, count}]. */
export async function plotReliability(values, path) {
  const axis = { type: 'quantitative', scale: { domain: [0, 1] } };
  const x = { field: 'confidence', title: 'confidence, mean of a bin', ...axis };
  const y = { field: 'right', title: 'share of words that are right', ...axis };
  const diagonal = [0, 1].map((end) => ({ confidence: end, right: end }));
  const size = { field: 'count', title: 'words', scale: { type: 'sqrt' } };
  await draw(
    {
      $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
      background: 'white',
      width: 300,
      height: 300,
      layer: [
        {
          data: { values: diagonal },
          mark: { type: 'line', strokeDash: [4, 4], color: 'grey' },
          encoding: { x, y },
        },
        {
          data: { values },
          mark: 'line',
          encoding: { x, y, color: { field: 'when', title: null } },
        },
        {
          data: { values },
          mark: { type: 'point', filled: true, opacity: 1 },
          encoding: { x, y, color: { field: 'when', title: null }, size },
        },
      ],
    },
    path,
  );
}

/** Accuracy against size; `values`: [{set, weights, made, megabytes, wer, low, high}]. */
export async function plotTradeoff(values, path) {
  const log = (title, domain) => ({
    type: 'quantitative',
    title,
    scale: { type: 'log', nice: false, clamp: true, domain },
    axis: { values: [1, 2, 5, 10, 20, 50, 100].filter((v) => v >= domain[0] && v <= domain[1]) },
  });
  const sizes = values.map(({ megabytes }) => megabytes);
  const widest = [0.9 * Math.min(...sizes), 1.1 * Math.max(...sizes)];
  const lowest = Math.max(1, Math.min(...values.map(({ low }) => low))); // 0 has no logarithm
  const highest = 1.1 * Math.max(2, ...values.map(({ high }) => high));
  const x = { field: 'megabytes', ...log('size of the file, MB', widest) };
  const y = { field: 'wer', ...log('word error rate, %', [lowest, highest]) };
  const color = { field: 'made', sort: null, title: null, legend: { orient: 'bottom' } };
  const shape = { field: 'weights', sort: null, title: null, legend: { orient: 'bottom' } };
  const interval = { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color };
  await draw(
    {
      $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
      background: 'white',
      data: { values },
      facet: {
        column: { field: 'set', title: null, sort: [...new Set(values.map((v) => v.set))] },
      },
      spec: {
        width: 260,
        height: 260,
        layer: [
          { mark: { type: 'rule', opacity: 0.5 }, encoding: interval },
          {
            mark: { type: 'point', filled: true, opacity: 1, size: 50 },
            encoding: { x, y, color, shape },
          },
        ],
      },
    },
    path,
  );
}

async function draw(specification, path) {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  writeFileSync(path, `${await view.toSVG()}\n`);
}
