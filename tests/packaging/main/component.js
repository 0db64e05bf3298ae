"use client";
// A page of a Next.js application: leaves the outcome of the suite in a global.
import * as envelock from "envelock";
import { useEffect } from "react";
import { run } from "../../run.mjs";

export default function Page() {
  useEffect(() => {
    globalThis.outcome = run(envelock, "brief");
  }, []);
  return null;
}
