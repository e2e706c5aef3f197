/** Owns waiting for promises in tests, where no real time may pass. */

/** Lets every promise reaction that is ready, and those that it readies, run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}
