import type { Shape } from "./shapes.js"

/** An answer in the API's names, from one in the engine's. */
export const write = (shape: Shape, value: any): any => {
  if (value === undefined || value === null) return undefined
  switch (shape.kind) {
    case "structure": {
      const written: Record<string, unknown> = {}
      for (const { apiName, name, shape: member } of shape.members) {
        const given = value[name]
        if (given !== undefined && given !== null) written[apiName] = write(member, given)
      }
      return written
    }
    case "list": {
      const { element } = shape
      return element.kind === "structure" ? value.map((each: unknown) => write(element, each)) : value
    }
    default:
      return value
  }
}
