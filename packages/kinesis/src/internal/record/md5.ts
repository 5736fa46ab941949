import { hash } from "node:crypto"

/** How many bytes there is room for in one block. Longer texts are left to node:crypto, which is faster from here on. */
const longest = 55

/** By how many bits the steps of each round rotate, four of them in turn. */
const rotations = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]] as const

/** Which word of the block each step of a round mixes in. */
const orders: ReadonlyArray<(step: number) => number> = [
  (step) => step,
  (step) => 5 * step + 1,
  (step) => 3 * step + 5,
  (step) => 7 * step
]

const steps = Array.from({ length: 64 }, (_, step) => step)
const constants = Int32Array.from(steps, (step) => Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32))
const rotation = Uint8Array.from(steps, (step) => rotations[step >> 4]![step & 3]!)
const order = Uint8Array.from(steps, (step) => orders[step >> 4]!(step) & 15)

const initialA = 0x67452301
const initialB = 0xefcdab89 | 0
const initialC = 0x98badcfe | 0
const initialD = 0x10325476

/** The text's bytes, the bit that ends them, and how many bits they are, as words of which the first byte is the least. */
const block = new Int32Array(16)

/** Puts a text of ASCII into the block; returns whether it is such a one. */
const fill = (text: string): boolean => {
  const { length } = text
  const whole = length & ~3
  let seen = 0
  let at = 0
  for (; at < whole; at += 4) {
    const first = text.charCodeAt(at)
    const second = text.charCodeAt(at + 1)
    const third = text.charCodeAt(at + 2)
    const fourth = text.charCodeAt(at + 3)
    seen |= first | second | third | fourth
    block[at >> 2] = first | (second << 8) | (third << 16) | (fourth << 24)
  }
  let last = 0x80 << ((length & 3) << 3)
  for (; at < length; at++) {
    const code = text.charCodeAt(at)
    seen |= code
    last |= code << ((at & 3) << 3)
  }
  block[whole >> 2] = last
  block.fill(0, (whole >> 2) + 1)
  block[14] = length << 3
  return seen <= 0x7f
}

const swapped = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)

const mixBlock = (into: Uint32Array): void => {
  let a = initialA
  let b = initialB
  let c = initialC
  let d = initialD
  for (let step = 0; step < 64; step++) {
    const mixed = step < 16
      ? d ^ (b & (c ^ d))
      : step < 32
      ? c ^ (d & (b ^ c))
      : step < 48
      ? b ^ c ^ d
      : c ^ (b | ~d)
    const sum = (a + mixed + block[order[step]!]! + constants[step]!) | 0
    const by = rotation[step]!
    a = d
    d = c
    c = b
    b = (b + ((sum << by) | (sum >>> (32 - by)))) | 0
  }
  into[0] = swapped((initialA + a) | 0)
  into[1] = swapped((initialB + b) | 0)
  into[2] = swapped((initialC + c) | 0)
  into[3] = swapped((initialD + d) | 0)
}

const digestByNode = (text: string, into: Uint32Array): void => {
  const bytes = hash("md5", text, "binary")
  for (let word = 0; word < 4; word++) {
    const at = 4 * word
    into[word] = (bytes.charCodeAt(at) << 24) | (bytes.charCodeAt(at + 1) << 16) | (bytes.charCodeAt(at + 2) << 8) |
      bytes.charCodeAt(at + 3)
  }
}

/**
 * The MD5 of a text's bytes in UTF-8, as four words, the most significant first. Half of a surrogate pair alone counts as U+FFFD, as where
 * Node encodes it. Short ASCII, as most keys are, is digested here: a call of node:crypto takes longer than the digest.
 */
export const digest = (text: string, into: Uint32Array): void => {
  if (text.length <= longest && fill(text)) mixBlock(into)
  else digestByNode(text, into)
}
