/** A bucket of so much per second, which fills up to `most`. */
export interface Bucket {
  readonly perSecond: number
  readonly most: number
  level: number
}

export const makeBucket = (perSecond: number, most = perSecond): Bucket => ({ perSecond, most, level: most })

export const refill = (self: Bucket, seconds: number): void => {
  self.level = Math.min(self.most, self.level + seconds * self.perSecond)
}
