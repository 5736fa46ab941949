import type { Compared } from "./compare.js"
import type { Spread } from "./measure.js"

export type Row = ReadonlyArray<string>

/** A table in Markdown, its columns aligned. */
export const table = (title: string, head: Row, rows: ReadonlyArray<Row>): string => {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const line = (row: Row) =>
    `| ${
      row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)).join(
        " | "
      )
    } |`
  const rule = `|${
    widths.map((width, column) => column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`).join("|")
  }|`
  return `\n### ${title}\n\n${[line(head), rule, ...rows.map(line)].join("\n")}\n`
}

/** To three figures, thousands with a comma. */
export const figure = (value: number): string =>
  value >= 1000
    ? Math.round(Number(value.toPrecision(3))).toLocaleString("en-US")
    : String(Number(value.toPrecision(3)))

export const range = ({ max, median, min }: Spread): string => `${figure(median)} (${figure(min)}–${figure(max)})`

/** The table of the compared ways, the first of which is the baseline. */
export const comparison = (title: string, unit: string, compared: ReadonlyArray<Compared>): string =>
  table(
    title,
    ["", `${unit}/s`, "× the first", `µs CPU per ${unit.replace(/s$/, "")}`, "CPU, × the first", "peak MB"],
    compared.map(({ cpuMicros, cpuRatio, peakMegabytes, rate, ratio, title }) => [
      title,
      figure(rate.median),
      range(ratio),
      figure(cpuMicros.median),
      range(cpuRatio),
      figure(peakMegabytes)
    ])
  )
