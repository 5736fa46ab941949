import * as Effect from "effect/Effect"
import { InvalidArgument } from "../../KinesisError.js"
import type * as LeaseBalancer from "../../LeaseBalancer.js"
import { named } from "../options/effects.js"
import { printable } from "../text/causes.js"
import { messageOf } from "../text/describe.js"
import { fail, type Group } from "./group.js"

const isKeys = (keys: unknown): boolean => Array.isArray(keys) && keys.every((key) => typeof key === "string")

/** Checks the result at runtime, since a JavaScript program may return anything. */
const isPlan = (plan: unknown): plan is LeaseBalancer.Plan => {
  try {
    const { claim, release, request } = plan as LeaseBalancer.Plan
    return isKeys(claim) && isKeys(request) && isKeys(release)
  } catch {
    return false
  }
}

const refusal = (what: string, cause?: unknown) =>
  new InvalidArgument({
    operation: "Consumer",
    field: "balancer",
    description: `must return { claim, request, release }, each a list of lease keys, ${what}`,
    cause: printable(cause)
  })

/** The plan of a view. A balancer that throws or returns anything else ends the worker with an error that says so. */
export const make = (
  { post, settings }: Pick<Group, "post" | "settings">,
  view: LeaseBalancer.View
): Effect.Effect<LeaseBalancer.Plan> =>
  Effect.suspend(() => {
    let broken: InvalidArgument
    try {
      const plan: unknown = settings.balancer(view)
      if (isPlan(plan)) return Effect.succeed(plan)
      broken = refusal(`returned ${named(plan)}`)
    } catch (thrown) {
      broken = refusal(`threw: ${messageOf(thrown)}`, thrown)
    }
    fail({ post }, broken)
    return Effect.never
  })
