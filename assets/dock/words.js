"use strict";

// What the dock's codes mean, for people.
const WORDS = {
  "dock.token": "页面已过期，请刷新。",
  "dock.away": "训练终端没有回应。 The training terminal does not answer.",
  "citizen.unknown": "没有这个人物。",
  "citizen.invalid": "人物文件有误。",
  "code.impossible": "这段内容太长，无法做成二维码。",
  "order.invalid": "输入有误。",
  "picture.too_large": "图片太大（最多 8 MB、5000 万像素）。",
  "picture.unreadable": "这不是可以识别的 PNG 或 JPEG 图片。",
  "receipt.no_code": "还没有打印出带二维码的回执。",
  "receipt.unknown": "没有这张回执。",
  "document.unknown": "没有这份文件。",
  "screen.not_live": "终端窗口在本机屏幕上。",
  "screen.none": "没有屏幕。",
};

const KINDS = {
  resident: "居民身份证",
  hmt_permit: "港澳台居住证",
  permanent_resident_2017: "永居证 2017",
  permanent_resident_2023: "永居证 2023",
  social_security: "社会保障卡",
  passport: "护照",
  exit_entry_permit: "往来港澳台通行证",
};

const SLOTS = {
  card_reader: "读卡灯 reader",
  receipt_printer: "出纸灯 printer",
  document_printer: "文件灯 A4",
  document_camera: "高拍灯 camera",
  code_scanner: "扫码灯 scanner",
};

const READER_NAMES = { pcsc: "PC/SC", sdt: "串口" };

const CODE_STATES = { "": "镜头前无码 none", text: "已出示 held", picture: "图片 picture" };

const PAPER_STATES = { "": "没有材料 none", sharp: "居住证明 proof", blurred: "模糊 blurred", picture: "图片 picture" };
