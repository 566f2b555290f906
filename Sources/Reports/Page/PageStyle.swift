/// The style sheet of `report.html`, which also switches its tables.
enum PageStyle {
  static let text = base + tables + switches

  private static let base = """

    :root { color-scheme: light dark; --ink: #1c1e21; --paper: #ffffff; --faint: #565d66; --line: #d9dce1;
      --stripe: #f5f6f8; --accent: #0b5cad; --best: #e3f1e6; --warning: #8a4b00;
      --above-1: #e6f0fb; --above-2: #cbe0f7; --above-3: #a5cbf1; --above-4: #7fb4ea;
      --below-1: #fdf0e2; --below-2: #fbdfc1; --below-3: #f7c793; --below-4: #f1ac62; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16181b; --faint: #a3abb5;
      --line: #343a41; --stripe: #1e2125; --accent: #7db7f5; --best: #1f3a27; --warning: #f0b35f;
      --above-1: #17283a; --above-2: #1a3a57; --above-3: #1e4c75; --above-4: #235d91;
      --below-1: #33271a; --below-2: #4b3413; --below-3: #62410d; --below-4: #794e07; } }
    * { box-sizing: border-box; }
    body { margin: 0 auto; padding: 1rem; max-width: 72rem; color: var(--ink); background: var(--paper);
      font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
    h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0; }
    h2 { font-size: 1.2rem; margin: 2.5rem 0 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--line); }
    h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
    a { color: var(--accent); }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 0.75rem 0; }
    dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
    nav ul { list-style: none; padding: 0; margin: 1.5rem 0; display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }
    .answer { font-size: 1.1rem; max-width: 60rem; }
    figure { margin: 1.25rem 0; } figcaption { margin-top: 0.4rem; }
    figure img { width: 100%; max-width: 760px; height: auto; background: #ffffff; border-radius: 6px; display: block; }
    @media (max-width: 49.5rem) { figure img { max-width: 560px; } }
    figcaption, .note { color: var(--faint); font-size: 0.875rem; max-width: 60rem; }
    .warning { color: var(--warning); font-weight: 600; }
    details { margin: 0.75rem 0; } summary { cursor: pointer; }
    .claims { list-style: none; padding: 0; } .claims li { margin: 0 0 0.75rem; max-width: 60rem; }
    .claims p { margin: 0.25rem 0; } .claims ul { padding-left: 1.25rem; font-size: 0.9rem; }
    .verdict { border: 1px solid var(--line); border-radius: 1rem; padding: 0 0.6rem; font-size: 0.875rem;
      white-space: nowrap; }
    .verdict.supported { background: var(--best); } .verdict.refuted { color: var(--warning); }
    @media (max-width: 40rem) { dl { display: block; } dd { margin: 0 0 0.5rem; } }
    @media print { nav, .switches { display: none; } figure { break-inside: avoid; } }

    """

  private static let tables = """
    .table { overflow-x: auto; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
    caption { text-align: left; font-weight: 600; padding: 0.5rem 0; }
    th, td { padding: 0.3rem 0.7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
    thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; }
    th:first-child { text-align: left; background: var(--paper); }
    td.text, th.text { text-align: left; white-space: normal; min-width: 14rem; vertical-align: top; }
    tbody tr:nth-child(even) > * { background: var(--stripe); }
    td strong { background: var(--best); padding: 0.05rem 0.25rem; border-radius: 3px; }
    .overview thead th { white-space: normal; max-width: 9rem; }
    .overview td { padding: 0; } .overview tbody tr:nth-child(even) > * { background: none; }
    .overview strong { background: none; padding: 0; text-decoration: underline; text-underline-offset: 3px; }
    .value { display: none; padding: 0.3rem 0.7rem; }
    .value.reported, .value:only-child { display: block; }
    .deviation, .value .paper { font-size: 0.8rem; }

    """

  /// What is shown for each choice of the two switches, and the shades.
  private static let switches: String = {
    var lines = [
      ".switches { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; font-size: 0.9rem; }",
      ".switches fieldset { border: 1px solid var(--line); border-radius: 6px; padding: 0.2rem 0.75rem 0.4rem; }",
      ".switches label { margin-right: 0.75rem; display: inline-block; }",
    ]
    for model in AccuracyOverview.Model.allCases.map(\.rawValue) {
      lines.append(
        "body:has(#model-\(model):checked) .overview .value:not(.\(model)):not(:only-child) { display: none; }"
      )
      lines.append(
        "body:has(#model-\(model):checked) .overview .value.\(model) { display: block; }")
    }
    for reference in ["paper", "local"] {
      for side in ["above", "below"] {
        for step in 1...4 {
          lines.append(
            "body:has(#shade-\(reference):checked) .\(reference)-\(side)-\(step) "
              + "{ background: var(--\(side)-\(step)); }")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }()
}
