import type { SecretsSubject } from '@seamark/conformance/secrets'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mountedSecrets } from './mounted-secrets.ts'

/** A fresh folder of secrets for one case of the suite, filled as whoever mounts secrets does. */
export async function subject(): Promise<SecretsSubject> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-mounted-'))
  const open = () => mountedSecrets({ dir })
  return {
    seam: open(),
    reopen: async () => open(),
    async put(ref, value) {
      await writeFile(join(dir, '..new'), value, { mode: 0o600 })
      await rename(join(dir, '..new'), join(dir, ref))
    },
    remove: (ref) => rm(join(dir, ref)),
    dispose: () => rm(dir, { recursive: true, force: true }),
  }
}
