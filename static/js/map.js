// <div data-map="id of a JSON script">: pins on a map that is useful without tiles.
// With a tile server its pictures lie underneath; after three of them failed, or without one, rings show the distance.
const RINGS_KM = [1, 3, 5, 10, 20, 40];
const MAX_TILE_ERRORS = 3;
const STREET_ZOOM = 15;

function label(L, text, css) {
  const element = document.createElement("span");
  element.textContent = text;
  return L.divIcon({ html: element, className: css, iconSize: null });
}

function drawRings(L, map, centre) {
  for (const km of RINGS_KM) {
    const ring = L.circle(centre, { radius: km * 1000, className: "map-ring", interactive: false }).addTo(map);
    const top = L.latLng(ring.getBounds().getNorth(), centre.lng);
    L.marker(top, { icon: label(L, `${km} km`, "map-ring-label"), interactive: false, keyboard: false }).addTo(map);
  }
}

function addPin(L, map, pin) {
  const css = `map-pin${pin.is_current ? " map-pin-current" : ""}`;
  const marker = L.marker([pin.latitude, pin.longitude], { icon: label(L, pin.label, css), keyboard: Boolean(pin.url) });
  marker.addTo(map);
  const element = marker.getElement();
  element.title = pin.title;
  element.setAttribute("aria-label", pin.title);
  element.setAttribute("role", pin.url ? "link" : "img");
  if (pin.url) marker.on("click keypress", (event) => {
    if (event.type === "click" || event.originalEvent.key === "Enter") window.location.assign(pin.url);
  });
  return marker.getLatLng();
}

function addTiles(L, map, url, fallback) {
  let errors = 0;
  const tiles = L.tileLayer(url, { maxZoom: 18 });
  tiles.on("tileerror", () => {
    errors += 1;
    if (errors !== MAX_TILE_ERRORS) return;
    tiles.remove();
    fallback();
  });
  tiles.addTo(map);
}

function draw(L, container) {
  const data = JSON.parse(document.getElementById(container.dataset.map).textContent);
  container.hidden = false;
  const map = L.map(container, { zoomControl: false, scrollWheelZoom: false, attributionControl: Boolean(data.tiles) });
  L.control.zoom({ zoomInTitle: data.words.zoomIn, zoomOutTitle: data.words.zoomOut }).addTo(map);
  const here = data.here && L.latLng(data.here.latitude, data.here.longitude);
  const places = data.pins.map((pin) => L.latLng(pin.latitude, pin.longitude));
  const centre = here ?? places[0];
  if (!centre) return;
  map.fitBounds(L.latLngBounds([centre, ...places]), { padding: [48, 48], maxZoom: STREET_ZOOM - 1, animate: false });
  const rings = () => drawRings(L, map, centre);
  if (data.tiles) addTiles(L, map, data.tiles, rings);
  else rings();
  if (here) {
    const dot = L.circleMarker(here, { radius: 8, className: "map-here", interactive: false }).addTo(map);
    dot.getElement().setAttribute("role", "img");
    dot.getElement().setAttribute("aria-label", data.here.title);
  }
  data.pins.forEach((pin) => addPin(L, map, pin));
}

function enhance(root) {
  if (!window.L) return;
  for (const container of root.querySelectorAll("[data-map]:not(.leaflet-container)")) draw(window.L, container);
}

enhance(document);
document.addEventListener("htmx:load", (event) => enhance(event.detail.elt.parentElement ?? document));
