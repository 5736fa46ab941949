/** Of ES2024; Node has it since 20. */
interface Text {
  readonly isWellFormed: () => boolean
}

/** Why a text has no form in UTF-8. */
export const faultOf = (text: string): string | undefined =>
  (text as string & Text).isWellFormed() ? undefined : "must have a form in UTF-8, has half of a surrogate pair"

const encoder = new TextEncoder()

export const bytesOf = (text: string): Uint8Array => encoder.encode(text)
