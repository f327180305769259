/* SPDX-License-Identifier: BSD-2-Clause */
(function () {
	'use strict';
	var find = document.getElementById('find'), text = document.getElementById('q'), verdict = document.getElementById('v');
	var shown = document.getElementById('shown'), rows = [], timer = 0, quiet = false;

	document.querySelectorAll('table.entries > tbody > tr').forEach(function (tr) {
		rows.push({ tr: tr, text: tr.textContent.toLowerCase(), verdict: tr.getAttribute('data-v') });
	});

	function apply() {
		var words = text.value.toLowerCase().split(/\s+/).filter(Boolean), n = 0;

		rows.forEach(function (r) {
			var ok = (!verdict.value || r.verdict === verdict.value) && words.every(function (w) { return r.text.indexOf(w) >= 0; });

			r.tr.hidden = !ok;
			n += ok ? 1 : 0;
		});
		shown.textContent = n + ' of ' + rows.length + ' entries';
	}

	/* the address keeps the search, so that it can be sent to somebody */
	function remember() {
		var p = new URLSearchParams();

		if (text.value)
			p.set('q', text.value);
		if (verdict.value)
			p.set('v', verdict.value);
		quiet = location.hash.replace(/^#/, '') !== p.toString();
		if (quiet)
			location.hash = p.toString();
	}

	function recall() {
		var p = new URLSearchParams(location.hash.replace(/^#/, ''));

		if (quiet) {
			quiet = false;
			return;
		}
		if (location.hash.length > 1 && !p.has('q') && !p.has('v'))
			return;
		text.value = p.get('q') || '';
		verdict.value = p.get('v') || '';
		apply();
		if (p.has('q') || p.has('v')) {
			var table = document.querySelector('table.entries');
			if (table)
				table.previousElementSibling.scrollIntoView();
		}
	}

	function sort(th) {
		var table = th.closest('table'), body = table.tBodies[0], i = th.cellIndex;
		var down = th.getAttribute('aria-sort') === 'ascending', numeric = th.getAttribute('data-sort') === 'n';
		var all = Array.prototype.slice.call(body.rows);

		all.sort(function (a, b) {
			var x = a.cells[i].textContent, y = b.cells[i].textContent;
			var r = numeric ? parseFloat(x) - parseFloat(y) : x < y ? -1 : x > y ? 1 : 0;

			return down ? -r : r;
		});
		table.querySelectorAll('th').forEach(function (other) { other.removeAttribute('aria-sort'); });
		th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
		all.forEach(function (tr) { body.appendChild(tr); });
	}

	Array.from(new Set(rows.map(function (r) { return r.verdict; }))).sort().forEach(function (v) {
		verdict.appendChild(new Option(v, v));
	});
	text.addEventListener('input', function () {
		clearTimeout(timer);
		timer = setTimeout(function () { apply(); remember(); }, rows.length > 5000 ? 150 : 0);
	});
	verdict.addEventListener('change', function () { apply(); remember(); });
	window.addEventListener('hashchange', recall);
	document.querySelectorAll('th[data-sort]').forEach(function (th) {
		th.addEventListener('click', function () { sort(th); });
	});
	find.hidden = false;
	apply();
	recall();
}());
