/** Numbers in human-readable form. */
export const count = (value: number): string => value.toLocaleString("en-US")

export const plural = (value: number, thing: string): string => `${count(value)} ${thing}${value === 1 ? "" : "s"}`

export const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`

/** The width of a column of a table; cells are aligned left unless they are numbers. */
export interface Column {
  readonly width: number
  readonly isNumber?: boolean
}

/** A row of a table: each cell padded to its column, the last one too, with two spaces before each. */
export const row = (columns: ReadonlyArray<Column>, cells: ReadonlyArray<string>): string =>
  columns.map(({ isNumber = false, width }, index) =>
    `  ${isNumber ? cells[index]!.padStart(width) : cells[index]!.padEnd(width)}`
  ).join("")
