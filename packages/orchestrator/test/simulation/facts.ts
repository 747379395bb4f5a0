import type { Stored } from './invariants.ts'

/** What a worker was told is durable is there. */
export function factViolations(log: readonly Stored[], noted: ReadonlySet<string>): string[] {
  const launches = new Map<number | undefined, string>()
  const recorded = new Set<string>()
  for (const { header } of log) {
    if (header.kind === 'item.launched' || header.kind === 'layer.launched')
      launches.set(header.fence, header.data.launchId)
    if (header.kind === 'tool.denied') recorded.add(`${launches.get(header.fence)} ${header.data.index}`)
  }
  return [...noted].filter((fact) => !recorded.has(fact)).map((fact) => `the fact ${fact} was noted and is lost`)
}
