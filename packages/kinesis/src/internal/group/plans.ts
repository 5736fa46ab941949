import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { InvalidArgument } from "../../KinesisError.js"
import type * as LeaseBalancer from "../../LeaseBalancer.js"
import { named } from "../options/effects.js"
import { printable } from "../text/causes.js"
import { messageOf } from "../text/describe.js"
import type { Group } from "./group.js"

const isKeys = (keys: unknown): boolean => Array.isArray(keys) && keys.every((key) => typeof key === "string")

/** Judges what a program in JavaScript may have returned. */
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

/** The plan of a view. One that throws, or that is none, ends the worker with a sentence that says so. */
export const make = (
  { fail, settings }: Pick<Group, "fail" | "settings">,
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
    return Effect.zipRight(fail(Cause.fail(broken)), Effect.never)
  })
