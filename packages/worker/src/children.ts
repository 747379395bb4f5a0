import type { AttemptOptions, ChildrenDoor, Executor, LaunchSpec, StepTask } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Blobs } from './blobs.ts'
import type { AttemptLayout } from './layout.ts'

const socket = 'children.sock'
const inside = '/run/seamark-children'
/** Where a program sees it. */
export const CHILDREN_SOCKET: string = `${inside}/${socket}`

/** What a `ChildrenDoor` has for its program. */
export const CHILDREN_TOOLS: readonly string[] = ['submit_items', 'list_items', 'wait_for_items', 'read_item']

/** The doors of a worker's launches whose programs may add items, by launch id. */
export interface ChildrenDoors {
  /** Adds the door to a launch that has one. Errors: those of `ChildrenDoor.open`; `UNSUPPORTED` where there can be none. */
  addTo(
    launch: LaunchSpec,
    task: StepTask,
    about: { readonly attempt: AttemptLayout; readonly executor: Executor; readonly blobs: Blobs },
    options?: AttemptOptions,
  ): Promise<LaunchSpec>
  /** Opens the door of a launch again that an earlier service started. */
  reopen(task: StepTask, attempt: AttemptLayout, blobs: Blobs, options?: AttemptOptions): Promise<void>
  /** Ends it. Idempotent. */
  close(launchId: string): Promise<void>
}

/** Whether the program of a step may add items. */
export function addsItems({ step, item }: StepTask): boolean {
  return step === 'main' && item?.children !== undefined
}

export function childrenDoors(door: ChildrenDoor | undefined): ChildrenDoors {
  const doors = new Map<string, ReturnType<ChildrenDoor['open']>>()

  async function open(
    task: StepTask,
    attempt: AttemptLayout,
    blobs: Blobs,
    options: AttemptOptions = {},
  ): Promise<void> {
    const { launchId, item, attempt: number, workspace } = task
    const port = options.port?.children
    if (door === undefined || item === undefined || port === undefined)
      throw new SeamError('UNSUPPORTED', 'Attempts can add no items here.', {
        remedy: 'Take children out of the item.',
      })
    const made = door.open({
      socketPath: join(attempt.children, socket),
      parent: item,
      attempt: number,
      workspace,
      port,
      read: (blob, call) => blobs.fetch(blob, call),
    })
    doors.set(launchId, made)
    // With whoever hears it no longer: a program that is in the middle of something comes to the next service with it.
    options.signal?.addEventListener('abort', () => void close(launchId), { once: true })
    try {
      await made
    } catch (error) {
      await close(launchId)
      throw error
    }
  }

  async function close(launchId: string): Promise<void> {
    // Whoever opened it was told; there is nothing to close.
    const made = await doors.get(launchId)?.catch(() => undefined)
    await made?.close()
    doors.delete(launchId)
  }

  return {
    async addTo(launch, task, { attempt, executor, blobs }, options) {
      if (!addsItems(task)) return launch
      if (executor.guarantees.filesystem === 'host')
        throw new SeamError('UNSUPPORTED', `Executor ${executor.name} can not give an attempt a socket of its own.`, {
          remedy: 'Name another executor.',
        })
      await mkdir(attempt.children, { mode: 0o700 })
      await open(task, attempt, blobs, options)
      return {
        ...launch,
        env: { ...launch.env, SEAMARK_CHILDREN: CHILDREN_SOCKET },
        mounts: [...launch.mounts, { source: attempt.children, target: inside, mode: 'read-only' }],
      }
    },
    async reopen(task, attempt, blobs, options) {
      if (addsItems(task) && !doors.has(task.launchId)) await open(task, attempt, blobs, options)
    },
    close,
  }
}
