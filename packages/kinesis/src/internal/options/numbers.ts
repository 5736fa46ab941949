export const isWhole = (value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most

/** Milliseconds since the epoch. */
export const isInstant = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0
