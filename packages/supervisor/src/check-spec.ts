import type { LaunchSpec } from '@seamark/core'
import { checkLaunchSpec } from '@seamark/kit'

/** Refuses a spec that no local attempt can honour with `INVALID_INPUT`; all that is wrong is in `problems`. */
export function checkSpec(spec: LaunchSpec, filesystem: 'private' | 'host'): void {
  checkLaunchSpec(spec, (wrong) => {
    if (filesystem === 'private') return
    spec.mounts.forEach(({ source, target }, i) => {
      if (target !== source)
        wrong(`/mounts/${i}/target`, 'This executor shows host paths: the target must be the source.')
    })
  })
}
