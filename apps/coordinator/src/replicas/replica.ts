/** This coordinator process, among those that serve one database. */
export class Replica {
  constructor(
    /** drawn at the start: a process that is started again is another replica */
    readonly id: string,
    /** nobody else serves the database: runs are taken over at once, nothing travels by Redis or through tables */
    readonly isAlone: boolean,
  ) {}
}
