/**
 * One side of a race as a row of the report.
 */

import { figure, share } from "./load.mjs";

/** The columns of {@link row}. */
export const HEAD = ["", "a second", "min – max", "of the first", "target", "p50, ms", "p99, ms", "CPU, µs", "target"];

/** A side; beside `of`, if given, with the least share of its rate and the most processor time a request that are aimed at. */
export function row(side, { of, share: least, cpu: most } = {}) {
  const [rate, cpu] = [figure(side, "rate"), figure(side, "cpu").median];
  const part = of && share(side, of);
  const shown = part && `${part.median.toFixed(2)} (${part.min.toFixed(2)}–${part.max.toFixed(2)})`;
  return [
    side.name,
    rate.median.toFixed(0),
    `${rate.min.toFixed(0)} – ${rate.max.toFixed(0)}`,
    shown ?? "",
    least && { value: part.median, limit: least, atLeast: true, what: `${side.name}, rate` },
    figure(side, "p50").median.toFixed(2),
    figure(side, "p99").median.toFixed(2),
    cpu.toFixed(1),
    most && { value: cpu, limit: most, unit: " µs", what: `${side.name}, CPU a request` },
  ];
}
