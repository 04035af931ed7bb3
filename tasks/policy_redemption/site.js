(function () {
  "use strict";
  var words = (new URLSearchParams(location.search).get("q") || "").trim();
  var told = document.getElementById("told"), list = document.getElementById("found"), most = 100;
  document.getElementById("q").value = words;
  if (!words) { return; }
  function plain(text) { return text.normalize("NFKC").toLowerCase(); }
  var parts = plain(words).split(/\s+/);
  function fits(text) {
    text = plain(text);
    return parts.every(function (part) { return text.indexOf(part) >= 0; });
  }
  function show(text, more, href) {
    var item = document.createElement("li"), link = document.createElement("a"), note = document.createElement("p");
    item.className = "card";
    link.href = href;
    link.textContent = text;
    note.className = "soft";
    note.textContent = more;
    item.append(link, note);
    list.append(item);
  }
  function say(text, facts) {
    told.textContent = text.replace(/\{(\w+)\}/g, function (_, name) { return facts[name]; });
  }
  fetch("search.json").then(function (answer) {
    if (!answer.ok) { throw answer; }
    return answer.json();
  }).then(function (all) {
    var count = 0;
    all.policies.forEach(function (one) {
      if (fits(one[0] + " " + one[1]) && count++ < most) {
        show(one[0], one[1], "policies/" + encodeURIComponent(one[2]) + ".html");
      }
    });
    all.enterprises.forEach(function (one) {
      if (fits(one[0] + " " + one[3]) && count++ < most) {
        show(one[0], one[3], "enterprises/" + encodeURIComponent(one[1]) + ".html#" + encodeURIComponent(one[2]));
      }
    });
    say(count > most ? told.dataset.many : count ? told.dataset.found : told.dataset.none,
      { words: words, most: most, count: count });
  }).catch(function () { say(told.dataset.failed, {}); });
})();
