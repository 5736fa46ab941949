/** Numbers as people read them. */
export const count = (value: number): string => value.toLocaleString("en-US")

export const plural = (value: number, thing: string): string => `${count(value)} ${thing}${value === 1 ? "" : "s"}`

export const seconds = (millis: number): string => `${(millis / 1000).toFixed(1)} s`
