import type { Account } from "../model.js"
import type { Refusal } from "../refusal.js"
import { invalid, isRefusal, notInRange } from "../refusal.js"
import * as Resources from "./resources.js"

const longest = 20_000

const isJsonObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Keeps the policy. Nobody is refused anything for it. */
export const put = (account: Account, arn: string, policy: string, now: number): Refusal | undefined => {
  const found = Resources.find(account, arn, now)
  if (isRefusal(found)) return found
  if (policy.length > longest) return notInRange("policy", "up to 20,000 characters", `${policy.length} characters`)
  if (!isJsonObject(policy)) return invalid("policy", "The policy is not valid JSON.")
  const { details } = found.stream
  found.stream.details = { ...details, policies: { ...details.policies, [arn]: policy } }
  return undefined
}

/** An empty policy where there is none. */
export const get = (account: Account, arn: string, now: number): { readonly policy: string } | Refusal => {
  const found = Resources.find(account, arn, now)
  return isRefusal(found) ? found : { policy: found.stream.details.policies[arn] ?? "{}" }
}

export const remove = (account: Account, arn: string, now: number): Refusal | undefined => {
  const found = Resources.find(account, arn, now)
  if (isRefusal(found)) return found
  const { details } = found.stream
  const { [arn]: policy, ...policies } = details.policies
  if (policy === undefined) {
    return { refused: "ResourceNotFound", description: `No resource policy found for resource ARN ${arn}` }
  }
  found.stream.details = { ...details, policies }
  return undefined
}
