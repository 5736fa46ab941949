/** The engine's name of a member of the API: `StreamARN` is `streamArn`, `ShardId` is `shardId`. */
export const ofEngine = (apiName: string): string => {
  const [, acronym, rest] = /^([A-Z]+(?![a-z0-9])|[A-Z])(.*)$/.exec(apiName.replaceAll("ARN", "Arn")) ?? []
  return acronym === undefined ? apiName : acronym.toLowerCase() + rest
}

/** A member as AWS names it in the messages of its checks: `ShardId` is `shardId`, `StreamARN` is `streamARN`. */
export const inMessages = (apiName: string): string => `${apiName.charAt(0).toLowerCase()}${apiName.slice(1)}`
