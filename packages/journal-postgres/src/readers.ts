import { SeamError } from '@seamark/kit'
import type { Session, Sessions } from './session.ts'
import { isRefused } from './server-errors.ts'

/** A few connections for questions, opened as they are needed. */
export interface Readers {
  /** Asks on a connection of its own. What can be asked twice: where a kept connection turns out to be broken, a new one is tried. */
  ask<T>(question: (connection: Session) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export function readers(sessions: Sessions, most: number): Readers {
  const idle: Session[] = []
  let taken = 0
  let closed = false
  const waiting: (() => void)[] = []

  async function take(fresh: boolean): Promise<{ connection: Session; kept: boolean }> {
    while (taken >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    if (closed) throw new SeamError('UNAVAILABLE', 'The journal is closed.')
    taken++
    try {
      if (fresh) idle.splice(0).forEach((old) => old.cut())
      for (let kept = idle.pop(); kept !== undefined; kept = idle.pop())
        if (!kept.gone) return { connection: kept, kept: true }
      return { connection: await sessions.open(), kept: false }
    } catch (error) {
      free()
      throw error
    }
  }

  function free(): void {
    taken--
    waiting.shift()?.()
  }

  async function ask<T>(question: (connection: Session) => Promise<T>, fresh: boolean): Promise<T> {
    const { connection, kept } = await take(fresh)
    try {
      return await question(connection)
    } catch (error) {
      if (!isRefused(error) && connection.gone && kept && !closed) return await ask(question, true)
      throw error
    } finally {
      if (connection.gone) connection.cut()
      else if (closed) void connection.end()
      else idle.push(connection)
      free()
    }
  }

  return {
    ask: (question) => ask(question, false),
    async close() {
      closed = true
      await Promise.all(idle.splice(0).map((connection) => connection.end()))
    },
  }
}
