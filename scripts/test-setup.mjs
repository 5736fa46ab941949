import { it, makeMethods } from "@effect/vitest"

/** `layer` changes the `it` that the files of a project share: each file begins with the original. */
makeMethods(it)
