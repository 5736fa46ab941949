/** Sequence numbers are decimals without leading zeros, so the longer one is larger and equal lengths order as text. */
export const compare = (a: string, b: string): -1 | 0 | 1 =>
  a === b ? 0 : a.length < b.length || (a.length === b.length && a < b) ? -1 : 1

const pattern = /^(0|[1-9]\d{0,128})$/

export const isValid = (sequenceNumber: string): boolean => pattern.test(sequenceNumber)
