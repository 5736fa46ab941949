const cpuMillis = (): number => {
  const { system, user } = process.cpuUsage()
  return (user + system) / 1000
}

/** On a machine that is busier than this, time runs out first. */
const mostPerCpu = 20

/** How often the CPU is asked for, in milliseconds: that takes as long as a part of a small request. */
const askingMillis = 5

/**
 * Whether the process has had so many milliseconds of CPU. By a clock, code would not become warm on a busy machine: it gets a part of the
 * time, and V8 compiles beside it.
 */
export const had = (millis: number): () => boolean => {
  const startedAt = performance.now()
  const cpuEnd = cpuMillis() + millis
  let askAt = startedAt
  let isOver = false
  return () => {
    const now = performance.now()
    if (isOver || now < askAt) return isOver
    askAt = now + askingMillis
    isOver = cpuMillis() >= cpuEnd || now >= startedAt + mostPerCpu * millis
    return isOver
  }
}
