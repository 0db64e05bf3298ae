/**
 * Dates, sizes and durations as a reader expects them.
 *
 * *Invariant:* formats values only; it decides nothing.
 */

import { t } from "./messages/en.js";

const dateTime = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const dateOnly = new Intl.DateTimeFormat("en", { dateStyle: "medium" });

export const showDateTime = (date: string): string => dateTime.format(new Date(date));
export const showDate = (date: string): string => dateOnly.format(new Date(date));

const UNITS = ["kB", "MB", "GB", "TB"];

export function showSize(bytes: number): string {
  if (bytes < 1000) return t.size.bytes(bytes);
  let value = bytes;
  let unit = -1;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 })} ${UNITS[unit] ?? ""}`;
}

export const showExactSize = (bytes: number): string => (bytes < 1000 ? showSize(bytes) : t.size.exact(showSize(bytes), bytes));

export const showSeconds = (milliseconds: number): string => (milliseconds / 1000).toLocaleString("en", { maximumFractionDigits: milliseconds < 10_000 ? 2 : 0 });
