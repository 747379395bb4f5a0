import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { agentVectors } from './agents.ts'
import { bundleVectors } from './bundles.ts'
import { logVectors } from './log.ts'

/** Every vector by its path in this folder. The same bytes each time. */
export async function generate(): Promise<ReadonlyMap<string, Uint8Array>> {
  return new Map([...agentVectors(), ...(await logVectors()), ...(await bundleVectors())])
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, bytes] of await generate()) {
    const target = fileURLToPath(new URL(path, import.meta.url))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, bytes)
  }
