import { sha256Hex } from '@seamark/kit'
import { containerConfig } from './container-config.ts'
import type { Settings } from './options.ts'
import type { EngineFacts, ImageFacts } from './port.ts'

/**
 * What containers are made with: the engine, its runtime, the image, the digest of the keeper, and a digest over all that goes
 * into a container but an item's own. Pure.
 */
export function basisOf(
  { version, cpus }: EngineFacts,
  image: ImageFacts,
  settings: Settings,
  keeper: string,
): Readonly<Record<string, string>> {
  const nothing = { argv: [], env: {}, cwd: '/', mounts: [] }
  const config = containerConfig(
    nothing,
    { launchId: '', scope: '', creator: '', image, cpus, keeper: '', own: 0 },
    settings,
  )
  return {
    engine: `Docker ${version.slice(0, 100)}`,
    runtime: settings.runtime,
    image: image.id,
    keeper,
    configuration: sha256Hex(JSON.stringify(config)),
  }
}
