import type { ServiceFile } from '@seamark/cli'
import { toSeamError } from '@seamark/kit'
import type { App } from './http/app.ts'
import { inUse, listen, serviceIn } from './socket.ts'
import type { Door } from './socket.ts'

export interface FrontDoorOptions {
  readonly dataDir: string
  /** What the service was started as. */
  readonly as: string
  /** Origin of this service's log; `undefined` before its first record. */
  readonly log: () => Promise<string | undefined>
  readonly makeApp: () => App
  readonly onNotice: (error: Error) => void
}

/**
 * The one door of a data folder, as one of several services has it that may be alive there. Of those that have one log the
 * leader has it; services of two logs are never in one folder.
 */
export interface FrontDoor {
  /** Errors: `CONFLICT` where a service of another log has the folder. Asked under the lease: a replica may be replaced. */
  requireFolder(): Promise<void>
  /** Opens it in place of a replica's, or says whose log it is where it is open. */
  open(): Promise<void>
  /** Opens it but where a replica has it. Resolves with whether it did. Errors: `CONFLICT` as above. */
  openIfFree(): Promise<boolean>
  /** Requests that are not answered to their end. */
  requests(): number
  close(): Promise<void>
}

export function frontDoor({ dataDir, as, log, makeApp, onNotice }: FrontDoorOptions): FrontDoor {
  let app: App | undefined
  let door: Door | undefined
  let opening: Promise<void> | undefined

  async function isReplica(other: ServiceFile): Promise<boolean> {
    return other.log !== undefined && other.log === (await log())
  }

  async function open(): Promise<void> {
    const origin = await log()
    if (door?.isFound() === true) return door.tell(origin)
    const before = door
    app = makeApp()
    door = await listen(app.http, { dataDir, as, log: origin })
    await before?.close()
  }

  return {
    async requireFolder() {
      const other = door?.isFound() === true ? undefined : await serviceIn(dataDir)
      if (other !== undefined && !(await isReplica(other))) throw inUse(dataDir, other)
    },
    open: () => (opening = open()),
    async openIfFree() {
      const other = await serviceIn(dataDir)
      if (other === undefined) {
        await (opening = open())
        return true
      }
      const replica = await isReplica(other).catch((error: unknown) => {
        // It is asked again under the lease.
        if (toSeamError(error).consequence !== 'retry') throw error
        onNotice(toSeamError(error))
        return true
      })
      if (!replica) throw inUse(dataDir, other)
      return false
    },
    requests: () => app?.open() ?? 0,
    async close() {
      // Whoever opened it was told why it could not be.
      await opening?.catch(() => undefined)
      await door?.close()
    },
  }
}
