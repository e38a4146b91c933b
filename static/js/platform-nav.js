// On a phone the bar of pages is wider than the screen: show where one is.
document.querySelector(".platform-nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
